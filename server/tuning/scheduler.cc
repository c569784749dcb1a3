#include "server/tuning/scheduler.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "proto/support/counted.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "server/net/shared_limit.h"
#include "server/net/stop_signal.h"
#include "server/net/unknown_user.h"
#include "server/tuning/scheduler_work.h"
#include "tuner/target/target.h"

namespace tilewright {

namespace {

std::string NewName() {
  static thread_local std::mt19937_64 generator{std::random_device{}()};
  return absl::StrCat("tunings/", absl::Hex(generator(), absl::kZeroPad16));
}

}  // namespace

Scheduler::Scheduler(const Options& options, TuneFunction tune, Clock& clock)
    : options_(options), tune_(std::move(tune)), clock_(clock), history_(options.max_history) {
  {
    absl::MutexLock lock(&mutex_);
    AddLane();
  }
  AddDevices(options.devices);
}

void Scheduler::AddDevices(int devices) {
  absl::MutexLock lock(&mutex_);
  while (!stopping_ && lanes_.size() <= static_cast<std::size_t>(devices)) AddLane();
}

void Scheduler::AddLane() {
  lanes_.emplace_back();
  threads_.emplace_back([this, lane = lanes_.size() - 1] { RunLane(lane); });
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
             : std::min<std::size_t>(request.device_ordinal + 1, lanes_.size() - 1);
}

absl::StatusOr<Scheduler::Ticket> Scheduler::Wait(const TuneRequest& request, Interest interest,
                                                  uid_t user) {
  WorkPtr yielded;
  absl::StatusOr<WorkPtr> work;
  {
    absl::MutexLock lock(&mutex_);
    work = JoinOrQueue(request, interest, user, yielded);
  }
  FinishYielded(yielded);
  RETURN_IF_ERROR(work.status());
  return Ticket(this, *std::move(work), interest);
}

absl::StatusOr<std::shared_ptr<TuningJob>> Scheduler::Create(const TuneRequest& request,
                                                             const std::string& request_id,
                                                             uid_t user) {
  WorkPtr yielded;
  absl::StatusOr<WorkPtr> work;
  {
    absl::MutexLock lock(&mutex_);
    ASSIGN_OR_RETURN(auto repeated, FindRepeated(request, request_id));
    if (repeated != nullptr) return repeated;
    work = JoinOrQueue(request, Interest::kCreated, user, yielded);
    if (work.ok()) {
      history_.Remember(request_id, (*work)->job->name());
      if (!request_id.empty()) (*work)->creators.push_back(request_id);
    }
  }
  FinishYielded(yielded);
  RETURN_IF_ERROR(work.status());
  return (*work)->job;
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
      if (clock_.SteadyNow() < failed->second + options_.background_retry) return nullptr;
      failed_background_.erase(failed);
    }
    if (2 * queued_ >= options_.max_queue) return nullptr;
  }
  WorkPtr nothing;  // Background work displaces nothing.
  const absl::StatusOr<WorkPtr> work =
      JoinOrQueue(request, Interest::kBackground, kUnknownUser, nothing);
  return work.ok() ? (*work)->job : nullptr;
}

absl::StatusOr<std::shared_ptr<TuningJob>> Scheduler::FindRepeated(
    const TuneRequest& request, const std::string& request_id) const {
  if (request_id.empty()) return nullptr;
  std::shared_ptr<TuningJob> job = history_.FindByRequestId(request_id);
  if (job != nullptr && KeyOf(job->request()) != KeyOf(request)) {
    return InvalidField("request_id", "REQUEST_ID_REUSED",
                        "it was given before, for another problem or target: give a new one");
  }
  return job;
}

absl::StatusOr<Scheduler::WorkPtr> Scheduler::JoinOrQueue(const TuneRequest& request,
                                                          Interest interest, uid_t user,
                                                          WorkPtr& yielded) {
  if (stopping_) return ServerStopping();
  std::string key = KeyOf(request);
  if (const auto found = active_.find(key); found != active_.end()) {
    counters_.joined.fetch_add(1, std::memory_order_relaxed);
    found->second->Add(interest, 1);
    found->second->forced |= request.options.force();
    return found->second;
  }
  const bool somebody_waits = interest == Interest::kWaiting || interest == Interest::kCreated;
  if (interest != Interest::kBackground) {
    const auto own = queued_of_.find(user);
    if (own != queued_of_.end() && own->second >= ShareOfUser(options_.max_queue)) {
      return QueueFull("this user's share of the tuning queue is full");
    }
  }
  if (queued_ >= options_.max_queue && somebody_waits) yielded = TakeOutBackground();
  if (queued_ >= options_.max_queue) return QueueFull("the tuning queue is full");
  WorkPtr work = NewWork(request, std::move(key));
  work->Add(interest, 1);
  work->user = user;
  work->counted = interest != Interest::kBackground;
  if (work->counted) ++queued_of_[user];
  return work;
}

Scheduler::WorkPtr Scheduler::NewWork(const TuneRequest& request, std::string key) {
  auto work = std::make_shared<Work>();
  work->job = NewJob(request);
  work->lane = LaneOf(request);
  work->forced = request.options.force();
  work->key = key;
  active_[std::move(key)] = work;
  by_name_[work->job->name()] = work;
  lanes_[work->lane].push_back(work);
  ++queued_;
  return work;
}

void Scheduler::TuneAgain(const TuneRequest& request) {
  absl::MutexLock lock(&mutex_);
  if (!stopping_) QueueAgain(request, 1);
}

Scheduler::WorkPtr Scheduler::TakeOutBackground() {
  for (Lane& lane : lanes_) {
    const auto youngest = std::find_if(lane.rbegin(), lane.rend(), [](const WorkPtr& work) {
      return work->Strongest() == Interest::kBackground;
    });
    if (youngest == lane.rend()) continue;
    WorkPtr work = *youngest;
    lane.erase(std::next(youngest).base());
    CountOut(*work);
    // A later caller queues it anew.
    active_.erase(work->key);
    work->cancellation.Cancel();
    return work;
  }
  return nullptr;
}

void Scheduler::FinishYielded(const WorkPtr& yielded) {
  if (yielded == nullptr) return;
  counters_.yielded.fetch_add(1, std::memory_order_relaxed);
  Finish(yielded, MakeError(absl::StatusCode::kCancelled, "YIELDED",
                            "nobody waited for it, so it made room for a waiting caller"));
}

void Scheduler::CountOut(const Work& work) {
  --queued_;
  if (!work.counted) return;
  if (--queued_of_[work.user] == 0) queued_of_.erase(work.user);
}

// Work that callers left behind may fill as much of the queue as TryBackground does.
bool Scheduler::HasBackgroundShare() const {
  std::size_t background = 0;
  for (const Lane& lane : lanes_) {
    background +=
        static_cast<std::size_t>(std::count_if(lane.begin(), lane.end(), [](const WorkPtr& work) {
          return work->Strongest() == Interest::kBackground;
        }));
  }
  return 2 * background >= options_.max_queue;
}

std::shared_ptr<TuningJob> Scheduler::NewJob(const TuneRequest& request) {
  auto job = std::make_shared<TuningJob>(NewName(), request, clock_.Now());
  history_.Add(job);
  return job;
}

absl::Status Scheduler::QueueFull(std::string_view why) {
  counters_.rejected.fetch_add(1, std::memory_order_relaxed);
  // The queue has room when the next tuning is done.
  const int64_t delay = std::clamp<int64_t>(static_cast<int64_t>(mean_seconds_ * 1000), 100, 60000);
  return MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                   absl::StrCat(std::string(why), " (",
                                Counted(static_cast<int64_t>(options_.max_queue), "tuning"),
                                " may wait): try again in ", delay, " ms"),
                   {{"retry_delay_ms", absl::StrCat(delay)}});
}

absl::StatusOr<std::shared_ptr<TuningJob>> Scheduler::Find(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<TuningJob> job = history_.Find(name);
  if (job != nullptr) return job;
  return MakeError(absl::StatusCode::kNotFound, "TUNING_NOT_FOUND",
                   absl::StrCat("no tuning is named '", name, "'"), {{"field", "name"}});
}

absl::StatusOr<std::shared_ptr<TuningJob>> Scheduler::Cancel(const std::string& name,
                                                             const std::string& request_id) {
  ASSIGN_OR_RETURN(std::shared_ptr<TuningJob> job, Find(name));
  WorkPtr unstarted;
  {
    absl::MutexLock lock(&mutex_);
    if (!request_id.empty() && history_.FindByRequestId(request_id) != job) {
      return InvalidField("request_id", "REQUEST_ID_UNKNOWN",
                          absl::StrCat("no CreateTuning with this id made or joined ", name,
                                       ": give the id it was created with, or none"));
    }
    const auto found = by_name_.find(name);
    if (found == by_name_.end() || !found->second->TakeBack(request_id)) return job;
    const WorkPtr work = found->second;
    if (StopUnwanted(work)) unstarted = work;
  }
  if (unstarted) Finish(unstarted, absl::CancelledError("cancelled before it began"));
  return job;
}

bool Scheduler::Withdraw(const WorkPtr& work, Interest interest, bool leave_running) {
  {
    absl::MutexLock lock(&mutex_);
    // Work that is left behind becomes background work. Count the others first.
    const bool has_share = leave_running && HasBackgroundShare();
    work->Add(interest, -1);
    if (leave_running && (work->running || work->Wanted() || !has_share)) work->background = true;
    const bool wanted = work->Wanted();
    if (!StopUnwanted(work)) return wanted;
  }
  Finish(work, absl::CancelledError("nobody waits for it any more"));
  return false;
}

bool Scheduler::StopUnwanted(const WorkPtr& work) {
  if (work->finished || work->Wanted()) return false;
  work->cancellation.Cancel();
  // A later caller gets a new tuning, not one that is about to end.
  if (const auto found = active_.find(work->key); found != active_.end() && found->second == work) {
    active_.erase(found);
  }
  if (work->running) return false;
  Lane& lane = lanes_[work->lane];
  const auto queued = std::find(lane.begin(), lane.end(), work);
  if (queued == lane.end()) return false;
  lane.erase(queued);
  CountOut(*work);
  return true;
}

bool Scheduler::IsIdle(int device_ordinal) const {
  absl::MutexLock lock(&mutex_);
  return std::none_of(by_name_.begin(), by_name_.end(), [&](const auto& entry) {
    return entry.second->job->request().device_ordinal == device_ordinal;
  });
}

std::size_t Scheduler::queued() const {
  absl::MutexLock lock(&mutex_);
  return queued_;
}

std::size_t Scheduler::running() const {
  absl::MutexLock lock(&mutex_);
  return by_name_.size() - queued_;
}

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

bool Scheduler::Ticket::LeaveRunning() {
  const WorkPtr work = std::exchange(work_, nullptr);
  return work != nullptr && scheduler_->Withdraw(work, interest_, /*leave_running=*/true);
}

void Scheduler::Ticket::Release() {
  if (const WorkPtr work = std::exchange(work_, nullptr)) {
    scheduler_->Withdraw(work, interest_, /*leave_running=*/false);
  }
}

}  // namespace tilewright
