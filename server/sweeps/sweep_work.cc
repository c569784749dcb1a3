// A sweep's thread: tunes one problem after the other and stores the sweep now and then.
#include <pthread.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "server/lookup/lookup_plan.h"
#include "server/sweeps/sweep_runner.h"
#include "tuner/search/unstored_winners.h"

namespace tilewright {
namespace {

// A sweep of thousands of problems is a large row. After a kill, lost results are found in the
// winners.
constexpr absl::Duration kSaveInterval = absl::Seconds(1);
constexpr absl::Duration kQueueRetry = absl::Milliseconds(500);
constexpr absl::Duration kUnknownRetry = absl::Seconds(1);

// Shows a tuning's progress as its sweep's progress, and waits for its end. Thread-safe.
class Follower {
 public:
  explicit Follower(std::shared_ptr<SweepState> sweep) : sweep_(std::move(sweep)) {}

  void OnChange(const TuningJob& job) {
    v1::Tuning tuning = job.Snapshot();
    const bool ended = IsFinal(tuning.state());
    {
      absl::MutexLock lock(&mutex_);
      // Each change sends the whole sweep, perhaps thousands of problems, to watchers.
      const SteadyTime now = SteadyTime::Now();
      if (!ended && now < shown_ + kShowInterval) return;
      shown_ = now;
    }
    sweep_->Update([&](v1::Sweep& sweep) { sweep.mutable_current()->Swap(&tuning); });
    absl::MutexLock lock(&mutex_);
    ended_ = ended_ || ended;
  }

  void AwaitEnd() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&ended_));
  }

 private:
  static constexpr absl::Duration kShowInterval = absl::Milliseconds(100);

  const std::shared_ptr<SweepState> sweep_;
  absl::Mutex mutex_;
  SteadyTime shown_ ABSL_GUARDED_BY(mutex_) = SteadyTime::InfinitePast();
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

// Returns the final state of a sweep that nobody works on any more.
v1::WorkState EndOf(const v1::Sweep& sweep) {
  v1::WorkState end = v1::WORK_STATE_SUCCEEDED;
  for (const v1::SweepEntry& entry : sweep.entries()) {
    if (entry.state() == v1::WORK_STATE_FAILED) return v1::WORK_STATE_FAILED;
    // A cancelled entry must be tuned again, like one that has not begun.
    if (entry.state() != v1::WORK_STATE_SUCCEEDED) end = v1::WORK_STATE_CANCELLED;
  }
  return end;
}

}  // namespace

bool SweepRunner::Interrupted(const Active& sweep) const {
  absl::MutexLock lock(&mutex_);
  return stopping_ || sweep.cancelled;
}

void SweepRunner::Run(const std::shared_ptr<Active>& sweep) {
  pthread_setname_np(pthread_self(), "sweep");
  SweepState& state = *sweep->state;
  state.Update([](v1::Sweep& s) { s.set_state(v1::WORK_STATE_RUNNING); });
  while (true) {
    WorkThrough(sweep);
    const v1::Sweep now = state.Snapshot();
    const bool complete = now.done() == now.entries_size();
    absl::MutexLock lock(&mutex_);
    // Somebody asked for the sweep again after it was cancelled.
    if (!complete && !stopping_ && !sweep->cancelled) continue;
    // A stop of the server leaves the sweep unfinished in the store, so that it can go on later.
    const bool unfinished = stopping_ && !complete;
    state.Update([&](v1::Sweep& s) {
      s.clear_current();
      if (unfinished) return;
      s.set_state(complete ? EndOf(s) : v1::WORK_STATE_CANCELLED);
    });
    Save(*sweep);
    sweep->ended = true;
    return;
  }
}

void SweepRunner::WorkThrough(const std::shared_ptr<Active>& sweep) {
  SteadyTime saved = clock_.SteadyNow();
  const v1::Sweep at_first = sweep->state->Snapshot();
  for (int i = 0; i < at_first.entries_size(); ++i) {
    if (IsFinal(at_first.entries(i).state())) continue;
    if (Interrupted(*sweep)) return;
    Settle(*sweep, i, TuneEntry(sweep, i));
    if (clock_.SteadyNow() - saved >= kSaveInterval) {
      Save(*sweep);
      saved = clock_.SteadyNow();
    }
  }
}

absl::StatusOr<StoredWinner> SweepRunner::TuneEntry(const std::shared_ptr<Active>& sweep,
                                                    int index) {
  const TuneRequest& tune = sweep->tunes[index];
  sweep->state->UpdateEntry(
      index, [](v1::Sweep&, v1::SweepEntry& entry) { entry.set_state(v1::WORK_STATE_RUNNING); });
  const IndexHit hit = FindStored(tune, index_, devices_);
  if (IsTuned(hit, tune) && !tune.options.force()) return *hit.winner;
  while (true) {
    ASSIGN_OR_RETURN(const Scheduler::Ticket ticket, Enqueue(tune, sweep->user));
    const std::shared_ptr<TuningJob> job = ticket.job();
    const auto follower = std::make_shared<Follower>(sweep->state);
    job->Observe([follower, watched = job.get()] { follower->OnChange(*watched); });
    follower->AwaitEnd();
    absl::StatusOr<StoredWinner> result = job->result();
    // The machine's devices are not known yet. A sweep waits for them, as it waits for room.
    if (ReasonOf(result.status()) != "DEVICES_UNKNOWN" || Interrupted(*sweep) ||
        stop_begun_.WaitFor(kUnknownRetry)) {
      return result;
    }
  }
}

// Waits for room in the queue, because a sweep is not urgent.
absl::StatusOr<Scheduler::Ticket> SweepRunner::Enqueue(const TuneRequest& tune, uid_t user) {
  while (true) {
    absl::StatusOr<Scheduler::Ticket> ticket =
        scheduler_.Wait(tune, Scheduler::Interest::kSweep, user);
    if (!absl::IsResourceExhausted(ticket.status())) return ticket;
    if (stop_begun_.WaitFor(kQueueRetry)) {
      return absl::CancelledError("the server is stopping");
    }
  }
}

void SweepRunner::Settle(Active& sweep, int index, const absl::StatusOr<StoredWinner>& winner) {
  const absl::StatusCode code = winner.status().code();
  // The tuning was ended from outside, so the entry must be tuned again.
  const bool interrupted =
      code == absl::StatusCode::kCancelled || code == absl::StatusCode::kUnavailable;
  bool stopping = false;
  {
    absl::MutexLock lock(&mutex_);
    stopping = stopping_;
  }
  sweep.state->UpdateEntry(index, [&](v1::Sweep& s, v1::SweepEntry& entry) {
    s.clear_current();
    if (interrupted && stopping) {
      entry.set_state(v1::WORK_STATE_QUEUED);
      return;
    }
    s.set_done(s.done() + 1);
    if (winner.ok()) {
      entry.set_state(v1::WORK_STATE_SUCCEEDED);
      *entry.mutable_winner() = winner->winner;
      entry.set_not_stored(WhyUnstored(winner->winner));
      return;
    }
    entry.set_state(code == absl::StatusCode::kCancelled ? v1::WORK_STATE_CANCELLED
                                                         : v1::WORK_STATE_FAILED);
    entry.set_error_code(static_cast<int>(code));
    entry.set_error_reason(ReasonOf(winner.status()));
    entry.set_error_message(std::string(winner.status().message()));
    if (const auto info = ErrorInfoOf(winner.status())) {
      *entry.mutable_error_metadata() = info->metadata();
    }
  });
}

void SweepRunner::Save(const Active& sweep) {
  const absl::Status status = store_.PutSweep(sweep.state->Snapshot(), sweep.request);
  if (!status.ok()) {
    spdlog::error("sweep {} cannot be stored: {}", sweep.request.sweep_id(),
                  std::string(status.message()));
  }
}

}  // namespace tilewright
