// The scheduler's threads: what runs next, and how work ends.
#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "server/tuning/scheduler_work.h"

namespace tilewright {
namespace {

constexpr std::size_t kMaxRememberedFailures = 4096;
// If workers are ended from outside more often than this, that will not stop soon.
constexpr int kMaxLosses = 3;

}  // namespace

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
    // An unknown machine says nothing about the problem.
    const bool unknown = ReasonOf(status) == "DEVICES_UNKNOWN";
    if (!status.ok() && !absl::IsCancelled(status) && !unknown) {
      if (failed_background_.size() >= kMaxRememberedFailures) failed_background_.clear();
      failed_background_[work->key] = clock_.SteadyNow();
    } else {
      failed_background_.erase(work->key);
    }
    history_.Retire(work->job->name());
  }
  // Without the lock, because observers may call back.
  work->job->Finish(std::move(result), clock_.Now());
}

void Scheduler::RunLane(std::size_t lane) {
  pthread_setname_np(pthread_self(), absl::StrCat("tuning-", lane).c_str());
  while (const WorkPtr work = NextWork(lane)) RunWork(work);
}

// Returns the work with the strongest interest; among equals, the first of the user who was served
// longest ago. Returns null when the scheduler stops.
Scheduler::WorkPtr Scheduler::NextWork(std::size_t lane) {
  absl::MutexLock lock(&mutex_);
  Lane& queue = lanes_[lane];
  const auto ready = [this, &queue]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !queue.empty();
  };
  mutex_.Await(absl::Condition(&ready));
  if (stopping_) return nullptr;
  const auto order = [this](const WorkPtr& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = served_.find(work->user);
    return std::pair(work->Strongest(), found == served_.end() ? int64_t{0} : found->second);
  };
  auto next = queue.begin();
  for (auto other = next; other != queue.end(); ++other) {
    if (order(*other) < order(*next)) next = other;
  }
  WorkPtr work = *next;
  queue.erase(next);
  CountOut(*work);
  served_[work->user] = ++begun_;
  work->running = true;
  return work;
}

void Scheduler::RunWork(const WorkPtr& work) {
  TuningJob& job = *work->job;
  TuneRequest request = job.request();
  {
    absl::MutexLock lock(&mutex_);
    request.options.set_force(work->forced);
  }
  spdlog::info("{} begins: {}", job.name(), DescribeProblem(job.request().problem));
  job.Start();
  const SteadyTime begin = clock_.SteadyNow();
  absl::StatusOr<TuneResult> result =
      tune_(request, work->cancellation,
            [&job](const v1::TuningProgress& progress) { job.Advance(progress); });
  const double seconds = absl::ToDoubleSeconds(clock_.SteadyNow() - begin);
  spdlog::info("{} ends after {:.3f} s", job.name(), seconds);
  {
    absl::MutexLock lock(&mutex_);
    mean_seconds_ += 0.2 * (seconds - mean_seconds_);
  }
  if (WorkerWasLost(result) && QueueLostWork(work, result)) {
    job.Requeue();  // Without the lock, as in Finish.
  } else {
    Finish(work, std::move(result));
  }
}

bool Scheduler::QueueLostWork(const WorkPtr& work, const absl::StatusOr<TuneResult>& result) {
  absl::MutexLock lock(&mutex_);
  if (stopping_ || !work->Wanted()) return false;
  const TuningJob& job = *work->job;
  if (work->losses == kMaxLosses) {
    spdlog::error("{} lost workers {} times in a row, and is not queued again", job.name(),
                  kMaxLosses + 1);
    return false;
  }
  spdlog::warn("{} lost workers, and is queued again ({} of {})", job.name(), work->losses + 1,
               kMaxLosses);
  if (result.ok()) {
    // The result is served meanwhile. Later callers join the next try.
    if (const auto found = active_.find(work->key);
        found != active_.end() && found->second == work) {
      active_.erase(found);
    }
    QueueAgain(job.request(), work->losses + 1);
    return false;
  }
  ++work->losses;
  work->running = false;
  lanes_[work->lane].push_back(work);
  ++queued_;
  if (work->counted) ++queued_of_[work->user];
  return true;
}

void Scheduler::QueueAgain(const TuneRequest& request, int losses) {
  TuneRequest again = request;
  again.options.set_force(true);
  std::string key = KeyOf(again);
  const auto found = active_.find(key);
  // May exceed max_queue, because the request was accepted before.
  const WorkPtr work = found == active_.end() ? NewWork(again, std::move(key)) : found->second;
  work->background = true;
  work->forced = true;
  work->losses = std::max(work->losses, losses);
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
    queued_of_.clear();
    for (const auto& [name, work] : by_name_) work->cancellation.Cancel();
  }
  for (const WorkPtr& work : unstarted) {
    Finish(work, absl::CancelledError("the server is stopping"));
  }
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace tilewright
