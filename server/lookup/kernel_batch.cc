// The part of KernelServiceImpl that answers many look-ups at once.
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "proto/support/errors.h"
#include "server/lookup/kernel_service.h"
#include "server/net/answer_later.h"
#include "server/net/caller.h"
#include "server/net/grpc_clock.h"
#include "server/net/grpc_status.h"
#include "server/net/long_calls.h"
#include "server/net/open_call.h"
#include "server/net/request_check.h"
#include "server/net/unary_reply.h"

namespace tilewright {
namespace {

constexpr int kMaxBatch = 1000;

// Many look-ups, one reply. Deletes itself when gRPC is done with it.
class BatchReactor final : public grpc::ServerUnaryReactor {
 public:
  BatchReactor(const LookupContext& context, Metrics& metrics,
               const v1::BatchGetKernelsRequest* request, v1::BatchGetKernelsResponse* response,
               SteadyTime deadline, uid_t user, SharedLimit::Place place)
      : open_(metrics.open_calls),
        place_(std::move(place)),
        context_(context),
        request_(request),
        response_(response),
        deadline_(deadline),
        user_(user),
        unanswered_(request->requests_size()) {
    for (int i = 0; i < request->requests_size(); ++i) response_->add_results();
  }

  // Runs on a thread of the executor: a thousand replies of 40 KB take milliseconds.
  void Begin() {
    // Delays the reply until every look-up has started.
    unanswered_.fetch_add(1);
    for (int i = 0; i < request_->requests_size(); ++i) {
      std::shared_ptr<Lookup> lookup =
          Lookup::Start(context_, request_->requests(i), deadline_, user_,
                        [this, i](absl::StatusOr<LookupAnswer> answer) {
                          Fill(std::move(answer), *response_->mutable_results(i));
                          Count();
                        });
      absl::MutexLock lock(&mutex_);
      if (cancelled_) lookup->Abandon();
      lookups_.push_back(std::move(lookup));
    }
    Count();
  }

  void OnCancel() override {
    std::vector<std::shared_ptr<Lookup>> lookups;
    {
      absl::MutexLock lock(&mutex_);
      cancelled_ = true;
      lookups = lookups_;
    }
    for (const auto& lookup : lookups) lookup->Abandon();
  }

  void OnDone() override { delete this; }

 private:
  static void Fill(absl::StatusOr<LookupAnswer> answer,
                   v1::BatchGetKernelsResponse::Result& result) {
    if (answer.ok()) {
      *result.mutable_response() = answer->ToMessage();
      return;
    }
    result.set_code(static_cast<int>(answer.status().code()));
    result.set_message(std::string(answer.status().message()));
    result.set_reason(ReasonOf(answer.status()));
    if (const auto info = ErrorInfoOf(answer.status())) {
      *result.mutable_metadata() = info->metadata();
    }
  }

  void Count() {
    if (unanswered_.fetch_sub(1) > 1) return;
    // Must be before Finish: a client that waits for the end of the call may take the place.
    place_.Release();
    Finish(grpc::Status::OK);
  }

  const OpenCall open_;
  SharedLimit::Place place_;
  const LookupContext& context_;
  const v1::BatchGetKernelsRequest* const request_;
  v1::BatchGetKernelsResponse* const response_;
  const SteadyTime deadline_;
  const uid_t user_;
  std::atomic<int> unanswered_;
  absl::Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<Lookup>> lookups_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

grpc::ServerUnaryReactor* KernelServiceImpl::BatchGetKernels(
    grpc::CallbackServerContext* context, const v1::BatchGetKernelsRequest* request,
    v1::BatchGetKernelsResponse* response) {
  metrics_.other_calls.fetch_add(1, std::memory_order_relaxed);
  if (const absl::Status known = CheckKnown(*request); !known.ok()) return Reply(context, known);
  if (request->requests_size() > kMaxBatch) {
    return Reply(context, InvalidField("requests", "TOO_MANY",
                                       absl::StrCat("more than ", kMaxBatch, " requests")));
  }
  SharedLimit::Place place = long_calls_.TryTake(CallerOf(*context));
  if (!place.held()) return Reply(context, TooManyCalls(long_calls_));
  auto* reactor = new BatchReactor(context_, metrics_, request, response, DeadlineOf(*context),
                                   CallerOf(*context), std::move(place));
  const bool posted = AnswerLater<absl::Status>(
      context_.executor, CallerOf(*context), context_.stop, CallKind::kReads,
      [] { return absl::OkStatus(); },
      [reactor](const absl::Status& status) {
        if (status.ok()) return reactor->Begin();
        reactor->Finish(ToGrpcStatus(status));
      });
  if (!posted) {
    delete reactor;
    return Reply(context, MakeError(absl::StatusCode::kResourceExhausted, "TOO_BUSY",
                                    "too many batches wait: try again in 100 ms",
                                    {{"retry_delay_ms", "100"}}));
  }
  return reactor;
}

}  // namespace tilewright
