#include "server/lookup/kernel_service.h"

#include <memory>
#include <string_view>
#include <utility>

#include "proto/support/errors.h"
#include "proto/support/steady_time.h"
#include "server/net/caller.h"
#include "server/net/grpc_clock.h"
#include "server/net/grpc_status.h"
#include "server/net/open_call.h"
#include "server/net/request_check.h"
#include "server/net/unary_reply.h"

namespace tilewright {
namespace {

std::string_view View(const grpc::Slice& slice) {
  return std::string_view(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

// A look-up that has no reply yet. Deletes itself when gRPC is done with it.
class GetKernelReactor final : public grpc::ServerUnaryReactor {
 public:
  GetKernelReactor(ResponseCache& responses, Metrics& metrics, grpc::Slice request,
                   grpc::ByteBuffer* response)
      : open_(metrics.open_calls),
        responses_(responses),
        metrics_(metrics),
        request_(std::move(request)),
        response_(response) {}

  // Must be called before gRPC gets the reactor: nothing can be cancelled or done before that.
  void Begin(const LookupContext& context, SteadyTime deadline, uid_t user) {
    v1::GetKernelRequest request;
    if (!request.ParseFromArray(request_.begin(), static_cast<int>(request_.size()))) {
      return Answer(
          InvalidField("request", "MALFORMED_MESSAGE", "its bytes are not a GetKernelRequest"));
    }
    if (absl::Status known = CheckKnown(request); !known.ok()) return Answer(std::move(known));
    lookup_ =
        Lookup::Start(context, std::move(request), deadline, user,
                      [this](absl::StatusOr<LookupAnswer> answer) { Answer(std::move(answer)); });
  }

  void OnCancel() override {
    if (lookup_ != nullptr) lookup_->Abandon();
  }

  void OnDone() override { delete this; }

 private:
  void Answer(absl::StatusOr<LookupAnswer> answer) {
    if (answer.ok()) {
      *response_ = answer->ToBytes();
      if (answer->repeatable) responses_.Put(View(request_), answer->version, *response_);
    }
    (answer.ok() ? metrics_.lookups_resolved : metrics_.lookups_failed)
        .fetch_add(1, std::memory_order_relaxed);
    metrics_.lookup_seconds.Observe(SteadyTime::Now() - begin_);
    Finish(ToGrpcStatus(answer.status()));
  }

  const OpenCall open_;
  ResponseCache& responses_;
  Metrics& metrics_;
  const SteadyTime begin_ = SteadyTime::Now();
  const grpc::Slice request_;
  grpc::ByteBuffer* const response_;
  std::shared_ptr<Lookup> lookup_;
};

}  // namespace

grpc::ServerUnaryReactor* KernelServiceImpl::GetKernel(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  const SteadyTime begin = SteadyTime::Now();
  grpc::Slice bytes;
  if (!request->TrySingleSlice(&bytes).ok() && !request->DumpToSingleSlice(&bytes).ok()) {
    return Reply(context, InvalidField("request", "MALFORMED_MESSAGE", "its bytes cannot be read"));
  }
  if (responses_.Find(View(bytes), context_.index.version(), response)) {
    metrics_.lookups_from_memory.fetch_add(1, std::memory_order_relaxed);
    metrics_.lookup_seconds.Observe(SteadyTime::Now() - begin);
    return Reply(context, absl::OkStatus());
  }
  auto* reactor = new GetKernelReactor(responses_, metrics_, std::move(bytes), response);
  reactor->Begin(context_, DeadlineOf(*context), CallerOf(*context));
  return reactor;
}

grpc::ServerUnaryReactor* KernelServiceImpl::RenderSource(grpc::CallbackServerContext* context,
                                                          const v1::RenderSourceRequest* request,
                                                          v1::RenderSourceResponse* response) {
  metrics_.other_calls.fetch_add(1, std::memory_order_relaxed);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  return ReplyLater(context, sources_.executor(), context_.stop, CallKind::kReads, response,
                    [this, wanted = *request] { return sources_.Render(wanted); });
}

}  // namespace tilewright
