#ifndef TILEWRIGHT_SERVER_LOOKUP_KERNEL_SERVICE_H_
#define TILEWRIGHT_SERVER_LOOKUP_KERNEL_SERVICE_H_

#include "server/lookup/lookup.h"
#include "server/lookup/response_cache.h"
#include "server/lookup/source_renderer.h"
#include "server/lookup/winner_signal.h"
#include "server/net/shared_limit.h"
#include "server/operation/metrics.h"
#include "tilewright/v1/kernel_service.grpc.pb.h"

namespace tilewright {

// Implements tilewright.v1.KernelService. GetKernel works on raw bytes: until a new winner is
// stored, a repeated request gets the same reply bytes.
class KernelServiceImpl final : public v1::KernelService::WithRawCallbackMethod_GetKernel<
                                    v1::KernelService::WithCallbackMethod_BatchGetKernels<
                                        v1::KernelService::WithCallbackMethod_WatchKernel<
                                            v1::KernelService::WithCallbackMethod_RenderSource<
                                                v1::KernelService::Service>>>> {
 public:
  KernelServiceImpl(const LookupContext& context, SourceRenderer& sources, WinnerSignal& winners,
                    SharedLimit& long_calls, Metrics& metrics)
      : context_(context),
        sources_(sources),
        winners_(winners),
        long_calls_(long_calls),
        metrics_(metrics) {}

  grpc::ServerUnaryReactor* GetKernel(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;

  grpc::ServerUnaryReactor* BatchGetKernels(grpc::CallbackServerContext* context,
                                            const v1::BatchGetKernelsRequest* request,
                                            v1::BatchGetKernelsResponse* response) override;

  grpc::ServerWriteReactor<v1::GetKernelResponse>* WatchKernel(
      grpc::CallbackServerContext* context, const v1::WatchKernelRequest* request) override;

  grpc::ServerUnaryReactor* RenderSource(grpc::CallbackServerContext* context,
                                         const v1::RenderSourceRequest* request,
                                         v1::RenderSourceResponse* response) override;

 private:
  const LookupContext context_;
  SourceRenderer& sources_;
  WinnerSignal& winners_;
  SharedLimit& long_calls_;
  Metrics& metrics_;
  ResponseCache responses_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOOKUP_KERNEL_SERVICE_H_
