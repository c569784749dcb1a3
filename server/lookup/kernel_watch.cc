// The part of KernelServiceImpl that streams better kernels as they appear.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "proto/problem/problem.h"
#include "server/lookup/kernel_service.h"
#include "server/net/caller.h"
#include "server/net/grpc_clock.h"
#include "server/net/long_calls.h"
#include "server/net/request_check.h"
#include "server/net/state_stream.h"

namespace tilewright {
namespace {

using Stream = StateStream<v1::GetKernelResponse>;

// Returns the part of an answer that callers act on. Answers with the same identity are equal.
std::string IdentityOf(const LookupAnswer& answer) {
  v1::GetKernelResponse head = answer.head;
  head.clear_epoch();
  head.clear_tuning();
  return absl::StrCat(head.SerializeAsString(), "/",
                      answer.kernel ? answer.kernel->content_hash : "");
}

// Looks up again whenever a stored winner may give a better answer, and passes on new answers.
// Owned by its stream; thread-safe.
class KernelWatch final : public std::enable_shared_from_this<KernelWatch> {
 public:
  KernelWatch(const LookupContext& context, v1::GetKernelRequest request, uid_t user)
      : context_(context), request_(std::move(request)), user_(user) {}

  void Begin(std::weak_ptr<Stream> stream, SteadyTime deadline) {
    stream_ = std::move(stream);
    first_ = Lookup::Start(context_, request_, deadline, user_,
                           [self = shared_from_this()](absl::StatusOr<LookupAnswer> answer) {
                             self->OnFirst(std::move(answer));
                           });
  }

  void Abandon() {
    if (first_ != nullptr) first_->Abandon();
  }

  // Called when a winner was stored. Several calls may share one look-up.
  void Refresh() {
    {
      absl::MutexLock lock(&mutex_);
      refresh_wanted_ = true;
      if (!answered_ || refreshing_) return;
      refreshing_ = true;
      refresh_wanted_ = false;
    }
    context_.executor.Post(user_, [self = shared_from_this()] { self->Ask(); });
  }

  StreamStep TakeLatest(v1::GetKernelResponse* message) {
    absl::MutexLock lock(&mutex_);
    if (!latest_) return StreamStep::kNothing;
    *message = latest_->ToMessage();
    latest_.reset();
    return StreamStep::kMessage;
  }

 private:
  void OnFirst(absl::StatusOr<LookupAnswer> answer) {
    if (!answer.ok()) {
      if (auto stream = stream_.lock()) stream->End(answer.status());
      return;
    }
    bool again = false;
    {
      absl::MutexLock lock(&mutex_);
      answered_ = true;
      again = refresh_wanted_;
    }
    PassOn(*std::move(answer));
    if (again) Refresh();
  }

  void Ask() {
    v1::GetKernelRequest request = request_;
    request.set_mode(v1::LOOKUP_MODE_CACHED_ONLY);
    Lookup::Start(context_, std::move(request), SteadyTime::InfiniteFuture(), user_,
                  [self = shared_from_this()](absl::StatusOr<LookupAnswer> answer) {
                    if (answer.ok()) self->PassOn(*std::move(answer));
                    self->RefreshDone();
                  });
  }

  void RefreshDone() {
    bool again = false;
    {
      absl::MutexLock lock(&mutex_);
      refreshing_ = false;
      again = refresh_wanted_;
    }
    if (again) Refresh();
  }

  void PassOn(LookupAnswer answer) {
    {
      absl::MutexLock lock(&mutex_);
      std::string identity = IdentityOf(answer);
      if (identity == last_identity_) return;
      last_identity_ = std::move(identity);
      latest_ = std::move(answer);
    }
    if (auto stream = stream_.lock()) stream->Poke();
  }

  const LookupContext& context_;
  const v1::GetKernelRequest request_;
  const uid_t user_;
  std::weak_ptr<Stream> stream_;
  std::shared_ptr<Lookup> first_;  // Set before gRPC gets the stream.
  absl::Mutex mutex_;
  bool answered_ ABSL_GUARDED_BY(mutex_) = false;
  bool refreshing_ ABSL_GUARDED_BY(mutex_) = false;
  bool refresh_wanted_ ABSL_GUARDED_BY(mutex_) = false;
  std::string last_identity_ ABSL_GUARDED_BY(mutex_);
  std::optional<LookupAnswer> latest_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

grpc::ServerWriteReactor<v1::GetKernelResponse>* KernelServiceImpl::WatchKernel(
    grpc::CallbackServerContext* context, const v1::WatchKernelRequest* request) {
  metrics_.other_calls.fetch_add(1, std::memory_order_relaxed);
  auto watch = std::make_shared<KernelWatch>(context_, request->request(), CallerOf(*context));
  auto stream = Stream::Create(
      context_.stop, metrics_.open_calls,
      [watch](v1::GetKernelResponse* message) { return watch->TakeLatest(message); });
  if (const absl::Status known = CheckKnown(*request); !known.ok()) {
    stream->End(known);
    return stream.get();
  }
  const absl::StatusOr<v1::Problem> canonical = Canonicalize(request->request().problem());
  if (!canonical.ok()) {
    stream->End(canonical.status());
    return stream.get();
  }
  if (!stream->Admit(long_calls_.TryTake(CallerOf(*context)))) {
    stream->End(TooManyCalls(long_calls_));
    return stream.get();
  }
  const std::string shapeless_key = ShapelessKey(*canonical);
  const int64_t listener =
      winners_.Subscribe(shapeless_key, [weak = std::weak_ptr<KernelWatch>(watch)] {
        if (auto self = weak.lock()) self->Refresh();
      });
  stream->SetCleanup([this, watch, shapeless_key, listener] {
    winners_.Unsubscribe(shapeless_key, listener);
    watch->Abandon();
  });
  watch->Begin(stream, DeadlineOf(*context));
  return stream.get();
}

}  // namespace tilewright
