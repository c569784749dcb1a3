#include "server/lookup/lookup.h"

#include <grpcpp/alarm.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "proto/support/errors.h"
#include "server/lookup/lookup_plan.h"
#include "server/net/grpc_clock.h"
#include "server/tuning/vendor_winner.h"
#include "tuner/search/tuning_errors.h"
#include "tuner/store/packed_winner.h"

namespace tilewright {
namespace {

// Our deadline is this much before the caller's, so that the error, which says how the tuning goes
// on, still arrives. A twentieth of the time left, because a busy machine takes longer.
absl::Duration DeadlineMargin(absl::Duration left) {
  return std::clamp(left / 20, absl::Milliseconds(20), absl::Milliseconds(500));
}

class LookupImpl final : public Lookup, public std::enable_shared_from_this<LookupImpl> {
 public:
  LookupImpl(const LookupContext& context, v1::GetKernelRequest request, SteadyTime deadline,
             uid_t user, Callback done)
      : context_(context),
        request_(std::move(request)),
        deadline_(deadline),
        user_(user),
        done_(std::move(done)) {}

  void Begin() {
    absl::StatusOr<LookupPlan> plan = PlanLookup(request_, context_.devices, context_.index);
    if (!plan.ok()) return Finish(plan.status());
    plan_ = *std::move(plan);
    switch (plan_.step) {
      case LookupStep::kServe:
        return Serve(plan_.hit, /*may_repair=*/plan_.may_work);
      case LookupStep::kPredict:
        return Predict();
      case LookupStep::kTune:
        return Tune();
    }
  }

  void Abandon() override {
    Finish(MakeError(absl::StatusCode::kCancelled, "CALLER_GONE", "the caller went away"));
  }

 private:
  void Serve(const IndexHit& hit, bool may_repair) {
    if (hit.winner->winner.candidate().has_vendor()) return Answer(hit, nullptr);
    if (auto kernel = context_.kernels.Find(*hit.winner)) return Answer(hit, std::move(kernel));
    // A disk may take longer than a stop.
    EndOnStop(StopSignal::Phase::kLastCall);
    context_.kernels.Load(hit.winner, user_,
                          [self = shared_from_this(), hit,
                           may_repair](const absl::StatusOr<KernelLoader::WirePtr>& kernel) {
                            self->OnLoaded(hit, may_repair, kernel);
                          });
  }

  void OnLoaded(const IndexHit& hit, bool may_repair,
                const absl::StatusOr<KernelLoader::WirePtr>& kernel) {
    if (kernel.ok()) return Answer(hit, *kernel);
    // Any other error says nothing about the kernel: a later read may succeed.
    if (!absl::IsDataLoss(kernel.status()) && !absl::IsNotFound(kernel.status())) {
      return Finish(kernel.status());
    }
    if (!may_repair) {
      return Finish(MakeError(absl::StatusCode::kNotFound, "KERNEL_DAMAGED",
                              "a winner is stored, but its kernel cannot be read"));
    }
    // A damaged kernel is a miss: make it again. The damaged winner is no fallback either.
    plan_.hit = {};
    if (request_.mode() != v1::LOOKUP_MODE_WAIT_TUNED) return Predict();
    plan_.tune.options.set_force(true);
    Tune();
  }

  void Predict() {
    EndOnStop(StopSignal::Phase::kBegun);
    context_.predictor.Predict(
        plan_.tune, user_, [self = shared_from_this()](const absl::StatusOr<StoredWinner>& winner) {
          self->OnPredicted(winner);
        });
  }

  void OnPredicted(const absl::StatusOr<StoredWinner>& winner) {
    if (winner.ok()) return ServeOwn(*winner);
    if (plan_.hit.winner != nullptr) return Serve(plan_.hit, /*may_repair=*/false);
    Finish(WithTuning(winner.status()));
  }

  // Queues the tuning that follows this answer. Returns its name, or an empty string if none is
  // wanted or the queue has no room.
  std::string TuneInBackground() {
    if (!plan_.tune_in_background) return "";
    const auto job = context_.scheduler.TryBackground(plan_.tune);
    return job == nullptr ? "" : job->name();
  }

  // Returns `failure`. If only a measurement can help, queues a tuning and adds its name.
  absl::Status WithTuning(const absl::Status& failure) {
    const std::string tuning = NeedsMeasurement(failure) ? TuneInBackground() : "";
    return tuning.empty() ? failure : WithMetadata(failure, "tuning", tuning);
  }

  // Serves the winner for this problem and target, in the form that this caller can run. It may be
  // a measurement that arrived during the compile of the model's pick.
  void ServeOwn(const StoredWinner& winner) {
    const v1::Match match = WasMeasured(winner.winner) ? v1::MATCH_EXACT : v1::MATCH_PREDICTED;
    const IndexHit hit{std::make_shared<const StoredWinner>(winner), match};
    const IndexHit served = ForCaller(hit, request_.vendor_library_version());
    if (served.winner != nullptr) return Serve(served, /*may_repair=*/false);
    Finish(OnlyTheVendors(hit, request_.vendor_library_version()));
  }

  // Ends this look-up when the stop reaches `phase`. Replaces the earlier subscription. Call it
  // before waiting; use kBegun for work that ends with the server.
  void EndOnStop(StopSignal::Phase phase) {
    int64_t unused = context_.stop.Subscribe(
        [weak = weak_from_this()] {
          if (auto self = weak.lock()) self->Finish(ServerStopping());
        },
        phase);
    {
      absl::MutexLock lock(&mutex_);
      if (done_ != nullptr) unused = std::exchange(stop_id_, unused);
    }
    if (unused != 0) context_.stop.Unsubscribe(unused);
  }

  void Tune() {
    EndOnStop(StopSignal::Phase::kBegun);
    absl::StatusOr<Scheduler::Ticket> ticket =
        context_.scheduler.Wait(plan_.tune, Scheduler::Interest::kWaiting, user_);
    if (!ticket.ok()) return Finish(ticket.status());
    const std::shared_ptr<TuningJob> job = ticket->job();
    {
      absl::MutexLock lock(&mutex_);
      if (done_ == nullptr) return;  // Abandoned already; the ticket gives its interest back.
      tuning_name_ = job->name();
      ticket_ = *std::move(ticket);
      if (deadline_ != SteadyTime::InfiniteFuture()) {
        alarm_.emplace();
        const absl::Duration left = deadline_ - SteadyTime::Now();
        alarm_->Set(ToGrpc(deadline_ - DeadlineMargin(left)),
                    [weak = weak_from_this()](bool fired) {
                      if (auto self = weak.lock(); self != nullptr && fired) self->OnDeadline();
                    });
      }
    }
    // A job outlives its own observers.
    job->Observe([weak = weak_from_this(), watched = job.get()] {
      if (auto self = weak.lock(); self != nullptr && watched->finished()) self->OnTuned(*watched);
    });
  }

  // Runs on the scheduler's thread. Leaves the rest to the executor, because many may be waiting.
  void OnTuned(const TuningJob& job) {
    context_.executor.Post(user_, [self = shared_from_this(), result = job.result()] {
      if (result.ok()) return self->ServeOwn(*result);
      // Without NVRTC or with a lost GPU, the stored answer is the best one.
      if (absl::IsUnavailable(result.status()) && self->plan_.hit.winner != nullptr) {
        return self->Serve(self->plan_.hit, /*may_repair=*/false);
      }
      self->Finish(result.status());
    });
  }

  // Takes `done_` first: a tuning that does not go on would answer with its own error.
  void OnDeadline() {
    Scheduler::Ticket ticket;
    const Callback done = TakeDone(ticket);
    if (done == nullptr) return;
    if (ticket.LeaveRunning()) {
      return done(
          MakeError(absl::StatusCode::kDeadlineExceeded, "TUNING_UNFINISHED",
                    absl::StrCat("the tuning was not done in time; it goes on as ", tuning_name_),
                    {{"tuning", tuning_name_}}));
    }
    done(MakeError(absl::StatusCode::kDeadlineExceeded, "TUNING_UNFINISHED",
                   "the tuning did not begin in time, and the queue has no room to keep it: "
                   "ask again with a longer deadline"));
  }

  void Answer(const IndexHit& hit, std::shared_ptr<const WireKernel> kernel) {
    LookupAnswer answer;
    const v1::Winner& winner = hit.winner->winner;
    v1::GetKernelResponse& head = answer.head;
    if (winner.candidate().has_vendor()) *head.mutable_vendor() = winner.candidate().vendor();
    head.set_match(hit.match);
    head.set_provenance(winner.provenance());
    head.set_epoch(std::max(plan_.epoch, winner.epoch()));
    head.set_measured_seconds(winner.candidate().measurement().median_seconds());
    head.set_predicted_seconds(winner.candidate().predicted_seconds());
    head.set_tuning(plan_.tune_in_background ? TuneInBackground() : tuning_name_);
    if (plan_.revalidate && plan_.hit.winner == hit.winner) context_.revalidation.Add(plan_.tune);
    // A vendor winner may carry a template kernel, which pruning keeps or drops with it.
    const std::string& used = hit.winner->kernel.content_hash();
    context_.uses.Note(used);
    if (kernel != nullptr) {
      const auto& known = request_.known_content_hashes();
      answer.include_cubin =
          std::find(known.begin(), known.end(), kernel->content_hash) == known.end();
    }
    answer.kernel = std::move(kernel);
    // If the winner is newer than the epoch, the look-up may have missed other new winners.
    answer.repeatable = plan_.step == LookupStep::kServe && plan_.settled &&
                        !plan_.tune_in_background && plan_.hit.winner == hit.winner &&
                        winner.epoch() <= plan_.epoch;
    answer.version = plan_.version;
    Finish(std::move(answer));
  }

  void Finish(absl::StatusOr<LookupAnswer> answer) {
    Scheduler::Ticket ticket;
    const Callback done = TakeDone(ticket);
    if (done == nullptr) return;
    ticket.Release();
    done(std::move(answer));
  }

  // Returns the callback and moves out the ticket. Returns null if the look-up was answered.
  Callback TakeDone(Scheduler::Ticket& ticket) {
    Callback done;
    int64_t stop_id = 0;
    {
      absl::MutexLock lock(&mutex_);
      done = std::exchange(done_, nullptr);
      ticket = std::move(ticket_);
      stop_id = std::exchange(stop_id_, 0);
    }
    if (stop_id != 0) context_.stop.Unsubscribe(stop_id);
    if (done != nullptr && alarm_) alarm_->Cancel();
    return done;
  }

  const LookupContext context_;
  const v1::GetKernelRequest request_;
  const SteadyTime deadline_;
  const uid_t user_;
  LookupPlan plan_;          // Only one step at a time uses it.
  std::string tuning_name_;  // Set once, before any read.
  absl::Mutex mutex_;
  Callback done_ ABSL_GUARDED_BY(mutex_);  // Null after it was called.
  Scheduler::Ticket ticket_ ABSL_GUARDED_BY(mutex_);
  int64_t stop_id_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: not subscribed.
  std::optional<grpc::Alarm> alarm_;             // Set at most once, before done_ can be called.
};

}  // namespace

std::shared_ptr<Lookup> Lookup::Start(const LookupContext& context, v1::GetKernelRequest request,
                                      SteadyTime deadline, uid_t user, Callback done) {
  auto lookup =
      std::make_shared<LookupImpl>(context, std::move(request), deadline, user, std::move(done));
  lookup->Begin();
  return lookup;
}

// Concatenated protobuf messages merge. A reply is its own small head plus shared kernel bytes.
grpc::ByteBuffer LookupAnswer::ToBytes() const {
  const grpc::Slice head_bytes(head.SerializeAsString());
  if (kernel == nullptr) return grpc::ByteBuffer(&head_bytes, 1);
  const grpc::Slice slices[] = {head_bytes,
                                include_cubin ? kernel->with_cubin : kernel->without_cubin};
  return grpc::ByteBuffer(slices, 2);
}

v1::GetKernelResponse LookupAnswer::ToMessage() const {
  v1::GetKernelResponse message = head;
  if (kernel != nullptr) {
    const grpc::Slice& bytes = include_cubin ? kernel->with_cubin : kernel->without_cubin;
    v1::GetKernelResponse with_kernel;
    with_kernel.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size()));
    message.mutable_kernel()->Swap(with_kernel.mutable_kernel());
  }
  return message;
}

}  // namespace tilewright
