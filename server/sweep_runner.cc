#include "server/sweep_runner.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "server/lookup_plan.h"

namespace tilewright {
namespace {

constexpr std::size_t kMaxActive = 16;
// A sweep of thousands of problems is a large row: what a kill loses of it is found again
// in the winners.
constexpr absl::Duration kSaveInterval = absl::Seconds(1);
constexpr absl::Duration kShowInterval = absl::Milliseconds(100);
constexpr absl::Duration kQueueRetry = absl::Milliseconds(500);

bool SameWork(const v1::CreateSweepRequest& a, const v1::CreateSweepRequest& b) {
  v1::CreateSweepRequest other = b;
  other.set_request_id(a.request_id());
  return google::protobuf::util::MessageDifferencer::Equals(a, other);
}

// How a sweep looks that nobody works on: what had begun has not.
v1::Sweep AsInterrupted(v1::Sweep sweep) {
  if (!IsFinal(sweep.state())) sweep.set_state(v1::WORK_STATE_CANCELLED);
  for (v1::SweepEntry& entry : *sweep.mutable_entries()) {
    if (!IsFinal(entry.state())) entry.set_state(v1::WORK_STATE_QUEUED);
  }
  sweep.clear_current();
  return sweep;
}

bool AnyFailed(const v1::Sweep& sweep) {
  for (const v1::SweepEntry& entry : sweep.entries()) {
    if (entry.state() == v1::WORK_STATE_FAILED) return true;
  }
  return false;
}

// Shows a tuning's progress as its sweep's, and waits for its end.
class Follower {
 public:
  explicit Follower(std::shared_ptr<SweepState> sweep) : sweep_(std::move(sweep)) {}

  void OnChange(const TuningJob& job) {
    v1::Tuning tuning = job.Snapshot();
    const bool ended = IsFinal(tuning.state());
    {
      absl::MutexLock lock(&mutex_);
      // Those who watch get the whole sweep each time, be it thousands of problems.
      const absl::Time now = absl::Now();
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
  const std::shared_ptr<SweepState> sweep_;
  absl::Mutex mutex_;
  absl::Time shown_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

SweepRunner::SweepRunner(const DeviceTable& devices, const WinnerIndex& index, TuningStore& store,
                         Scheduler& scheduler, Clock& clock)
    : devices_(devices), index_(index), store_(store), scheduler_(scheduler), clock_(clock) {}

SweepRunner::~SweepRunner() { Stop(); }

absl::StatusOr<v1::Sweep> SweepRunner::Create(const v1::CreateSweepRequest& request) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const std::shared_ptr<SweepState> state, Begin(request));
  return state->Snapshot();
}

absl::StatusOr<std::shared_ptr<SweepState>> SweepRunner::Begin(
    const v1::CreateSweepRequest& request) {
  if (stopping_) {
    return MakeError(absl::StatusCode::kUnavailable, "SERVER_STOPPING", "the server is stopping");
  }
  JoinEnded();
  const std::string name = SweepName(request.sweep_id());
  if (const auto found = active_.find(name); found != active_.end()) {
    if (SameWork(found->second->request, request)) return found->second->state;
    return MakeError(absl::StatusCode::kFailedPrecondition, "SWEEP_RUNNING",
                     absl::StrCat(name,
                                  " is being worked on with other problems or options: "
                                  "cancel it first, or give another name"));
  }
  if (active_.size() >= kMaxActive) {
    return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_SWEEPS",
                     absl::StrCat(kMaxActive, " sweeps are being worked on"),
                     {{"retry_delay_ms", "10000"}});
  }
  ASSIGN_OR_RETURN(const std::optional<v1::Sweep> earlier, Stored(name));
  ASSIGN_OR_RETURN(SweepPlan plan, PlanSweep(request, earlier, devices_, clock_.Now()));
  auto sweep = std::make_shared<Active>();
  sweep->request = request;
  sweep->tunes = std::move(plan.tunes);
  sweep->state = std::make_shared<SweepState>(std::move(plan.sweep));
  RETURN_IF_ERROR(store_.PutSweep(sweep->state->Snapshot(), request));
  active_[name] = sweep;
  sweep->thread = std::thread([this, sweep] { Run(sweep); });
  return sweep->state;
}

absl::StatusOr<std::optional<v1::Sweep>> SweepRunner::Stored(const std::string& name) {
  absl::StatusOr<v1::Sweep> stored = store_.GetSweep(name);
  if (stored.ok()) return AsInterrupted(*std::move(stored));
  if (absl::IsNotFound(stored.status())) return std::nullopt;
  return stored.status();
}

absl::StatusOr<std::shared_ptr<SweepState>> SweepRunner::Find(const std::string& name) {
  {
    absl::MutexLock lock(&mutex_);
    if (const auto found = active_.find(name); found != active_.end()) {
      return found->second->state;
    }
  }
  ASSIGN_OR_RETURN(std::optional<v1::Sweep> stored, Stored(name));
  if (stored) return std::make_shared<SweepState>(*std::move(stored));
  return MakeError(absl::StatusCode::kNotFound, "SWEEP_NOT_FOUND",
                   absl::StrCat("no sweep is named '", name, "'"), {{"field", "name"}});
}

absl::StatusOr<v1::Sweep> SweepRunner::Get(const std::string& name) {
  ASSIGN_OR_RETURN(const std::shared_ptr<SweepState> state, Find(name));
  return state->Snapshot();
}

absl::StatusOr<v1::Sweep> SweepRunner::Cancel(const std::string& name) {
  {
    absl::MutexLock lock(&mutex_);
    if (const auto found = active_.find(name); found != active_.end()) {
      found->second->cancelled = true;
    }
  }
  return Get(name);
}

void SweepRunner::ResumeAll() {
  const absl::StatusOr<std::vector<v1::CreateSweepRequest>> unfinished = store_.UnfinishedSweeps();
  if (!unfinished.ok()) {
    spdlog::error("unfinished sweeps cannot be read: {}",
                  std::string(unfinished.status().message()));
    return;
  }
  for (const v1::CreateSweepRequest& request : *unfinished) {
    const absl::StatusOr<v1::Sweep> sweep = Create(request);
    spdlog::info("sweep {}: {}", request.sweep_id(),
                 sweep.ok() ? "goes on" : std::string(sweep.status().message()));
  }
}

void SweepRunner::PrepareStop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
}

void SweepRunner::Stop() {
  PrepareStop();
  std::vector<std::shared_ptr<Active>> sweeps;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [name, sweep] : active_) sweeps.push_back(sweep);
    active_.clear();
  }
  for (const auto& sweep : sweeps) sweep->thread.join();
}

std::size_t SweepRunner::active() const {
  absl::MutexLock lock(&mutex_);
  std::size_t count = 0;
  for (const auto& [name, sweep] : active_) count += sweep->ended ? 0 : 1;
  return count;
}

void SweepRunner::JoinEnded() {
  for (auto it = active_.begin(); it != active_.end();) {
    if (it->second->ended) {
      it->second->thread.join();
      active_.erase(it++);
    } else {
      ++it;
    }
  }
}

bool SweepRunner::Interrupted(const Active& sweep) const {
  absl::MutexLock lock(&mutex_);
  return stopping_ || sweep.cancelled;
}

void SweepRunner::Run(const std::shared_ptr<Active>& sweep) {
  pthread_setname_np(pthread_self(), "sweep");
  SweepState& state = *sweep->state;
  state.Update([](v1::Sweep& s) { s.set_state(v1::WORK_STATE_RUNNING); });
  absl::Time saved = clock_.Now();
  const v1::Sweep at_first = state.Snapshot();
  const int count = at_first.entries_size();
  bool finished = true;
  for (int i = 0; i < count; ++i) {
    if (IsFinal(at_first.entries(i).state())) continue;
    finished = !Interrupted(*sweep);
    if (!finished) break;
    Settle(*sweep, i, TuneEntry(sweep, i));
    if (clock_.Now() - saved >= kSaveInterval) {
      Save(*sweep);
      saved = clock_.Now();
    }
  }
  absl::MutexLock lock(&mutex_);
  // A stop of the server leaves it unfinished in the store: to be gone on with.
  const bool unfinished = stopping_ && state.Snapshot().done() < count;
  state.Update([&](v1::Sweep& s) {
    s.clear_current();
    if (unfinished) return;
    s.set_state(!finished      ? v1::WORK_STATE_CANCELLED
                : AnyFailed(s) ? v1::WORK_STATE_FAILED
                               : v1::WORK_STATE_SUCCEEDED);
  });
  Save(*sweep);
  sweep->ended = true;
}

absl::StatusOr<StoredWinner> SweepRunner::TuneEntry(const std::shared_ptr<Active>& sweep,
                                                    int index) {
  const TuneRequest& tune = sweep->tunes[index];
  sweep->state->Update(
      [index](v1::Sweep& s) { s.mutable_entries(index)->set_state(v1::WORK_STATE_RUNNING); });
  const IndexHit hit = index_.Find({.problem = tune.problem,
                                    .silicon = tune.target.silicon(),
                                    .environment = tune.target.environment()});
  const bool known = tune.device_ordinal >= 0 ? IsTunedHere(hit) : IsOwnWinner(hit, tune);
  if (known && !tune.options.force()) return *hit.winner;
  ASSIGN_OR_RETURN(const Scheduler::Ticket ticket, Enqueue(tune));
  const std::shared_ptr<TuningJob> job = ticket.job();
  const auto follower = std::make_shared<Follower>(sweep->state);
  job->Observe([follower, watched = job.get()] { follower->OnChange(*watched); });
  follower->AwaitEnd();
  return job->result();
}

// Waits for room in the queue: a sweep is in no hurry.
absl::StatusOr<Scheduler::Ticket> SweepRunner::Enqueue(const TuneRequest& tune) {
  while (true) {
    absl::StatusOr<Scheduler::Ticket> ticket = scheduler_.Wait(tune, Scheduler::Interest::kSweep);
    if (!absl::IsResourceExhausted(ticket.status())) return ticket;
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kQueueRetry)) {
      return absl::CancelledError("the server is stopping");
    }
  }
}

void SweepRunner::Settle(Active& sweep, int index, const absl::StatusOr<StoredWinner>& winner) {
  const absl::StatusCode code = winner.status().code();
  // Ended from outside, not by its own fault: to be done again.
  const bool interrupted =
      code == absl::StatusCode::kCancelled || code == absl::StatusCode::kUnavailable;
  bool stopping = false;
  {
    absl::MutexLock lock(&mutex_);
    stopping = stopping_;
  }
  sweep.state->Update([&](v1::Sweep& s) {
    v1::SweepEntry& entry = *s.mutable_entries(index);
    s.clear_current();
    if (interrupted && stopping) {
      entry.set_state(v1::WORK_STATE_QUEUED);
      return;
    }
    s.set_done(s.done() + 1);
    if (winner.ok()) {
      entry.set_state(v1::WORK_STATE_SUCCEEDED);
      *entry.mutable_winner() = winner->winner;
      return;
    }
    entry.set_state(code == absl::StatusCode::kCancelled ? v1::WORK_STATE_CANCELLED
                                                         : v1::WORK_STATE_FAILED);
    entry.set_error_code(static_cast<int>(code));
    entry.set_error_reason(ReasonOf(winner.status()));
    entry.set_error_message(std::string(winner.status().message()));
  });
}

void SweepRunner::Save(const Active& sweep) {
  const absl::Status status = store_.PutSweep(sweep.state->Snapshot(), sweep.request);
  if (!status.ok()) {
    spdlog::error("sweep {} cannot be kept: {}", sweep.request.sweep_id(),
                  std::string(status.message()));
  }
}

}  // namespace tilewright
