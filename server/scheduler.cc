#include "server/scheduler.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/problem/canonical_problem.h"
#include "tuner/target/target.h"

namespace tilewright {

// A tuning that is queued or running, and who is interested in it.
struct Scheduler::Work {
  std::shared_ptr<TuningJob> job;
  std::string key;
  std::size_t lane = 0;
  int waiting = 0;
  int created = 0;
  int swept = 0;
  bool background = false;
  bool running = false;
  bool finished = false;
  Cancellation cancellation;

  bool Wanted() const { return waiting > 0 || created > 0 || swept > 0 || background; }

  Interest Strongest() const {
    if (waiting > 0) return Interest::kWaiting;
    if (created > 0) return Interest::kCreated;
    return swept > 0 ? Interest::kSweep : Interest::kBackground;
  }

  void Add(Interest interest, int count) {
    if (interest == Interest::kWaiting) waiting += count;
    if (interest == Interest::kCreated) created += count;
    if (interest == Interest::kSweep) swept += count;
    if (interest == Interest::kBackground) background = count > 0;
  }
};

namespace {

constexpr std::size_t kMaxRememberedFailures = 4096;

std::string NewName() {
  static thread_local std::mt19937_64 generator{std::random_device{}()};
  return absl::StrCat("tunings/", absl::Hex(generator(), absl::kZeroPad16));
}

absl::Status Stopping() {
  return MakeError(absl::StatusCode::kUnavailable, "SERVER_STOPPING", "the server is stopping");
}

}  // namespace

Scheduler::Ticket::Ticket(Scheduler* scheduler, WorkPtr work, Interest interest)
    : scheduler_(scheduler), work_(std::move(work)), interest_(interest) {}

Scheduler::Ticket::Ticket(Ticket&& other) noexcept
    : scheduler_(other.scheduler_), work_(std::move(other.work_)), interest_(other.interest_) {}

Scheduler::Ticket& Scheduler::Ticket::operator=(Ticket&& other) noexcept {
  if (this != &other) {
    Release();
    scheduler_ = other.scheduler_;
    work_ = std::move(other.work_);
    interest_ = other.interest_;
  }
  return *this;
}

Scheduler::Ticket::~Ticket() { Release(); }

std::shared_ptr<TuningJob> Scheduler::Ticket::job() const { return work_ ? work_->job : nullptr; }

void Scheduler::Ticket::LeaveRunning() {
  if (const WorkPtr work = std::exchange(work_, nullptr)) {
    scheduler_->Withdraw(work, interest_, /*leave_running=*/true);
  }
}

void Scheduler::Ticket::Release() {
  if (const WorkPtr work = std::exchange(work_, nullptr)) {
    scheduler_->Withdraw(work, interest_, /*leave_running=*/false);
  }
}

Scheduler::Scheduler(const Options& options, TuneFunction tune, Clock& clock)
    : options_(options),
      tune_(std::move(tune)),
      clock_(clock),
      lanes_(static_cast<std::size_t>(options.devices) + 1),
      history_(options.max_history) {
  const std::size_t lanes = static_cast<std::size_t>(options.devices) + 1;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    threads_.emplace_back([this, lane] { RunLane(lane); });
  }
}

Scheduler::~Scheduler() { Stop(); }

std::string Scheduler::KeyOf(const TuneRequest& request) {
  return absl::StrCat(SiliconKey(request.target.silicon()),
                      EnvironmentKey(request.target.environment()),
                      request.device_ordinal < 0 ? "m" : "g", EncodeProblem(request.problem));
}

// Lane 0 needs no GPU.
std::size_t Scheduler::LaneOf(const TuneRequest& request) const {
  return request.device_ordinal < 0
             ? 0
             : std::min<std::size_t>(request.device_ordinal + 1, options_.devices);
}

absl::StatusOr<Scheduler::Ticket> Scheduler::Wait(const TuneRequest& request, Interest interest) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(WorkPtr work, JoinOrQueue(request, interest));
  return Ticket(this, std::move(work), interest);
}

absl::StatusOr<std::shared_ptr<TuningJob>> Scheduler::Create(const TuneRequest& request,
                                                             const std::string& request_id) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(auto repeated, FindRepeated(request, request_id));
  if (repeated != nullptr) return repeated;
  ASSIGN_OR_RETURN(const WorkPtr work, JoinOrQueue(request, Interest::kCreated));
  history_.Remember(request_id, work->job->name());
  return work->job;
}

absl::StatusOr<std::shared_ptr<TuningJob>> Scheduler::Record(const TuneRequest& request,
                                                             StoredWinner winner,
                                                             const std::string& request_id) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(auto repeated, FindRepeated(request, request_id));
  if (repeated != nullptr) return repeated;
  std::shared_ptr<TuningJob> job = NewJob(request);
  TuneResult result;
  result.winner = std::move(winner);
  job->Finish(std::move(result), clock_.Now());
  history_.Remember(request_id, job->name());
  history_.Retire(job->name());
  return job;
}

std::shared_ptr<TuningJob> Scheduler::TryBackground(const TuneRequest& request) {
  absl::MutexLock lock(&mutex_);
  const std::string key = KeyOf(request);
  if (!active_.contains(key)) {
    const auto failed = failed_background_.find(key);
    if (failed != failed_background_.end()) {
      if (clock_.Now() < failed->second + options_.background_retry) return nullptr;
      failed_background_.erase(failed);
    }
    if (2 * queued_ >= options_.max_queue) return nullptr;
  }
  const absl::StatusOr<WorkPtr> work = JoinOrQueue(request, Interest::kBackground);
  return work.ok() ? (*work)->job : nullptr;
}

absl::StatusOr<std::shared_ptr<TuningJob>> Scheduler::FindRepeated(
    const TuneRequest& request, const std::string& request_id) const {
  if (request_id.empty()) return nullptr;
  std::shared_ptr<TuningJob> job = history_.FindByRequestId(request_id);
  if (job != nullptr && KeyOf(job->request()) != KeyOf(request)) {
    return InvalidField("request_id", "REQUEST_ID_REUSED",
                        "it was given before, for another problem or target");
  }
  return job;
}

absl::StatusOr<Scheduler::WorkPtr> Scheduler::JoinOrQueue(const TuneRequest& request,
                                                          Interest interest) {
  if (stopping_) return Stopping();
  std::string key = KeyOf(request);
  if (const auto found = active_.find(key); found != active_.end()) {
    counters_.joined.fetch_add(1, std::memory_order_relaxed);
    found->second->Add(interest, 1);
    return found->second;
  }
  if (queued_ >= options_.max_queue) return QueueFull();
  auto work = std::make_shared<Work>();
  work->job = NewJob(request);
  work->lane = LaneOf(request);
  work->Add(interest, 1);
  work->key = key;
  active_[std::move(key)] = work;
  by_name_[work->job->name()] = work;
  lanes_[work->lane].push_back(work);
  ++queued_;
  return work;
}

std::shared_ptr<TuningJob> Scheduler::NewJob(const TuneRequest& request) {
  auto job = std::make_shared<TuningJob>(NewName(), request, clock_.Now());
  history_.Add(job);
  return job;
}

absl::Status Scheduler::QueueFull() {
  counters_.rejected.fetch_add(1, std::memory_order_relaxed);
  // Room comes when the tuning at the head is done.
  const int64_t delay = std::clamp<int64_t>(static_cast<int64_t>(mean_seconds_ * 1000), 100, 60000);
  return MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                   absl::StrCat("the tuning queue is full (", options_.max_queue,
                                "): try again in ", delay, " ms"),
                   {{"retry_delay_ms", absl::StrCat(delay)}});
}

absl::StatusOr<std::shared_ptr<TuningJob>> Scheduler::Find(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<TuningJob> job = history_.Find(name);
  if (job != nullptr) return job;
  return MakeError(absl::StatusCode::kNotFound, "TUNING_NOT_FOUND",
                   absl::StrCat("no tuning is named '", name, "'"), {{"field", "name"}});
}

absl::StatusOr<std::shared_ptr<TuningJob>> Scheduler::Cancel(const std::string& name) {
  ASSIGN_OR_RETURN(std::shared_ptr<TuningJob> job, Find(name));
  WorkPtr unstarted;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = by_name_.find(name);
    if (found == by_name_.end() || found->second->created == 0) return job;
    const WorkPtr work = found->second;
    --work->created;
    if (StopUnwanted(work)) unstarted = work;
  }
  if (unstarted) Finish(unstarted, absl::CancelledError("taken back before it began"));
  return job;
}

void Scheduler::Withdraw(const WorkPtr& work, Interest interest, bool leave_running) {
  {
    absl::MutexLock lock(&mutex_);
    work->Add(interest, -1);
    if (leave_running) work->background = true;
    if (!StopUnwanted(work)) return;
  }
  Finish(work, absl::CancelledError("nobody waits for it any more"));
}

bool Scheduler::StopUnwanted(const WorkPtr& work) {
  if (work->finished || work->Wanted()) return false;
  work->cancellation.Cancel();
  // Whoever asks from now on gets a new tuning rather than one that is about to end.
  if (const auto found = active_.find(work->key); found != active_.end() && found->second == work) {
    active_.erase(found);
  }
  if (work->running) return false;
  Lane& lane = lanes_[work->lane];
  const auto queued = std::find(lane.begin(), lane.end(), work);
  if (queued == lane.end()) return false;
  lane.erase(queued);
  --queued_;
  return true;
}

void Scheduler::Finish(const WorkPtr& work, absl::StatusOr<TuneResult> result) {
  const absl::Status status = result.status();
  if (status.ok()) {
    counters_.succeeded.fetch_add(1, std::memory_order_relaxed);
  } else if (absl::IsCancelled(status)) {
    counters_.cancelled.fetch_add(1, std::memory_order_relaxed);
  } else {
    counters_.failed.fetch_add(1, std::memory_order_relaxed);
    spdlog::warn("{} failed: {}", work->job->name(), std::string(status.message()));
  }
  {
    absl::MutexLock lock(&mutex_);
    work->finished = true;
    by_name_.erase(work->job->name());
    if (const auto found = active_.find(work->key);
        found != active_.end() && found->second == work) {
      active_.erase(found);
    }
    if (!status.ok() && !absl::IsCancelled(status)) {
      if (failed_background_.size() >= kMaxRememberedFailures) failed_background_.clear();
      failed_background_[work->key] = clock_.Now();
    } else {
      failed_background_.erase(work->key);
    }
    history_.Retire(work->job->name());
  }
  // Without the lock: observers may call back.
  work->job->Finish(std::move(result), clock_.Now());
}

void Scheduler::RunLane(std::size_t lane) {
  pthread_setname_np(pthread_self(), absl::StrCat("tuning-", lane).c_str());
  while (const WorkPtr work = NextWork(lane)) RunWork(work);
}

// The first of those with the strongest interest; null when the scheduler stops.
Scheduler::WorkPtr Scheduler::NextWork(std::size_t lane) {
  absl::MutexLock lock(&mutex_);
  Lane& queue = lanes_[lane];
  const auto ready = [this, &queue]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !queue.empty();
  };
  mutex_.Await(absl::Condition(&ready));
  if (stopping_) return nullptr;
  const auto next = std::min_element(queue.begin(), queue.end(), [](const auto& a, const auto& b) {
    return a->Strongest() < b->Strongest();
  });
  WorkPtr work = *next;
  queue.erase(next);
  --queued_;
  work->running = true;
  return work;
}

void Scheduler::RunWork(const WorkPtr& work) {
  TuningJob& job = *work->job;
  spdlog::info("{} begins: {}", job.name(), DescribeProblem(job.request().problem));
  job.Start();
  const absl::Time begin = clock_.Now();
  absl::StatusOr<TuneResult> result =
      tune_(job.request(), work->cancellation,
            [&job](const v1::TuningProgress& progress) { job.Advance(progress); });
  const double seconds = absl::ToDoubleSeconds(clock_.Now() - begin);
  spdlog::info("{} ends after {:.3f} s", job.name(), seconds);
  {
    absl::MutexLock lock(&mutex_);
    mean_seconds_ += 0.2 * (seconds - mean_seconds_);
  }
  Finish(work, std::move(result));
}

void Scheduler::Stop() {
  std::vector<WorkPtr> unstarted;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    stopping_ = true;
    for (Lane& lane : lanes_) {
      unstarted.insert(unstarted.end(), lane.begin(), lane.end());
      lane.clear();
    }
    queued_ = 0;
    for (const auto& [name, work] : by_name_) work->cancellation.Cancel();
  }
  for (const WorkPtr& work : unstarted) {
    Finish(work, absl::CancelledError("the server is stopping"));
  }
  for (std::thread& thread : threads_) thread.join();
}

std::size_t Scheduler::queued() const {
  absl::MutexLock lock(&mutex_);
  return queued_;
}

std::size_t Scheduler::running() const {
  absl::MutexLock lock(&mutex_);
  return by_name_.size() - queued_;
}

}  // namespace tilewright
