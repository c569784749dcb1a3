#ifndef TILEWRIGHT_TESTS_BENCH_ECHO_SERVER_H_
#define TILEWRIGHT_TESTS_BENCH_ECHO_SERVER_H_

#include <memory>
#include <string>

#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "tilewright/v1/kernel_service.grpc.pb.h"

namespace tilewright {

// The least that a gRPC callback server can do: it answers every GetKernel with the same
// bytes, looking at nothing. What the daemon's look-ups are compared with.
class EchoServer {
 public:
  EchoServer(const std::string& socket, const std::string& reply) : service_(reply) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + socket, grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }

  bool started() const { return server_ != nullptr; }

 private:
  class Service final
      : public v1::KernelService::WithRawCallbackMethod_GetKernel<v1::KernelService::Service> {
   public:
    explicit Service(const std::string& reply) : slice_(reply), reply_(&slice_, 1) {}

    grpc::ServerUnaryReactor* GetKernel(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override {
      *response = reply_;
      grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
      reactor->Finish(grpc::Status::OK);
      return reactor;
    }

   private:
    const grpc::Slice slice_;
    const grpc::ByteBuffer reply_;
  };

  Service service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_BENCH_ECHO_SERVER_H_
