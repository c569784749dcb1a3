#ifndef TILEWRIGHT_CLIENT_CPP_CONNECTION_IMPL_H_
#define TILEWRIGHT_CLIENT_CPP_CONNECTION_IMPL_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cpp/rpc_status.h"
#include "proto/support/text.h"
#include "tilewright/connection.h"
#include "tilewright/v1/cache_service.grpc.pb.h"
#include "tilewright/v1/kernel_service.grpc.pb.h"
#include "tilewright/v1/tuning_service.grpc.pb.h"

namespace tilewright {

struct Connection::Impl {
  Impl(ConnectOptions connect_options, std::shared_ptr<grpc::Channel> opened)
      : options(std::move(connect_options)),
        channel(std::move(opened)),
        kernels(v1::KernelService::NewStub(channel)),
        tunings(v1::TuningService::NewStub(channel)),
        cache(v1::CacheService::NewStub(channel)) {}

  // Whether the channel is connected, or becomes so within the connect timeout.
  bool WaitUntilConnected() const {
    return channel->WaitForConnected(std::chrono::system_clock::now() + options.connect_timeout);
  }

  // Sends a unary request; once more where the daemon went away and came back, and again where
  // it is full and says when to come back.
  template <typename Response, typename Stub, typename Method, typename Request>
  absl::StatusOr<Response> Call(Stub& stub, Method method, const Request& request,
                                Milliseconds timeout) const {
    // The service could not parse it, and would not say why.
    if (absl::Status text = CheckUtf8(request); !text.ok()) return text;
    const auto deadline = std::chrono::system_clock::now() + timeout;
    bool reconnected = false;
    for (int retries = 0;;) {
      grpc::ClientContext context;
      context.set_deadline(deadline);
      Response response;
      const absl::Status status = FromGrpcStatus((stub.*method)(&context, request, &response));
      if (status.ok()) return response;
      if (IsTransportFailure(status)) {
        if (reconnected || !WaitUntilConnected()) {
          return UnreachableError(options.socket_path, status);
        }
        reconnected = true;
      } else if (retries++ == kMaxRetries || !WaitBeforeRetry(status, deadline)) {
        return status;
      }
    }
  }

  // Most calls that were refused for want of room go through within a second or two; a service
  // that stays full is the caller's to know.
  static constexpr int kMaxRetries = 5;

  // Sleeps as long as the service asked for. False at once where it did not ask, or where that
  // would be too late.
  static bool WaitBeforeRetry(const absl::Status& status,
                              std::chrono::system_clock::time_point deadline);

  const ConnectOptions options;
  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::KernelService::Stub> kernels;
  const std::unique_ptr<v1::TuningService::Stub> tunings;
  const std::unique_ptr<v1::CacheService::Stub> cache;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_CONNECTION_IMPL_H_
