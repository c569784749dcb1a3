// A scheduler whose tunings a test holds back and lets go.
#ifndef TILEWRIGHT_TESTS_SERVER_TUNING_SCHEDULER_FIXTURE_H_
#define TILEWRIGHT_TESTS_SERVER_TUNING_SCHEDULER_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "server/net/unknown_user.h"
#include "server/tuning/scheduler.h"
#include "tests/fakes/fake_clock.h"
#include "tests/server/winner_fixture.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {

// Tunings that wait until they are let go, and tell what was done.
class FakeTuning {
 public:
  Scheduler::TuneFunction Function() {
    return [this](const TuneRequest& request, const Cancellation& cancellation,
                  const ProgressSink& progress) { return Tune(request, cancellation, progress); };
  }

  void LetGo() {
    absl::MutexLock lock(&mutex_);
    held_ = false;
  }

  void Fail(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    failure_ = std::move(status);
  }

  // The next `count` tunings lose workers; `found`: they have a winner all the same.
  void LoseWorkers(int count, bool found) {
    absl::MutexLock lock(&mutex_);
    losses_ = count;
    found_ = found;
  }

  // Whether the last tuning was to be done whatever is stored.
  bool forced() {
    absl::MutexLock lock(&mutex_);
    return forced_;
  }

  // m of the problems whose tuning has begun, in order.
  std::vector<int64_t> begun() {
    absl::MutexLock lock(&mutex_);
    return begun_;
  }

  void AwaitBegun(std::size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return begun_.size() >= count;
    };
    mutex_.Await(absl::Condition(&enough));
  }

 private:
  absl::StatusOr<TuneResult> Tune(const TuneRequest& request, const Cancellation& cancellation,
                                  const ProgressSink& progress) {
    v1::TuningProgress half;
    half.set_fraction(0.5);
    progress(half);
    absl::MutexLock lock(&mutex_);
    begun_.push_back(request.problem.gemm().m());
    const auto free = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !held_; };
    while (!mutex_.AwaitWithTimeout(absl::Condition(&free), absl::Milliseconds(1))) {
      if (cancellation.IsCancelled()) return absl::CancelledError("cancelled");
    }
    if (!failure_.ok()) return failure_;
    forced_ = request.options.force();
    TuneResult result;
    result.worker_lost = losses_-- > 0;
    if (result.worker_lost && !found_) return WorkerLost("killed");
    *result.winner.winner.mutable_problem() = request.problem;
    result.compiled = 64;
    return result;
  }

  absl::Mutex mutex_;
  bool held_ ABSL_GUARDED_BY(mutex_) = true;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> begun_ ABSL_GUARDED_BY(mutex_);
  int losses_ ABSL_GUARDED_BY(mutex_) = 0;
  bool found_ ABSL_GUARDED_BY(mutex_) = false;
  bool forced_ ABSL_GUARDED_BY(mutex_) = false;
};

inline TuneRequest RequestFor(int64_t m, int device = 0) {
  TuneRequest request;
  request.problem = *Canonicalize(GemmProblemOf(m, 256, 256));
  request.target.mutable_silicon()->set_compute_capability(90);
  request.device_ordinal = device;
  return request;
}

inline void AwaitFinished(const TuningJob& job) {
  while (!job.finished()) absl::SleepFor(absl::Milliseconds(1));
}

inline void AwaitIdle(const Scheduler& scheduler) {
  while (scheduler.running() + scheduler.queued() > 0) absl::SleepFor(absl::Milliseconds(1));
}

class SchedulerTest : public ::testing::Test {
 protected:
  ~SchedulerTest() override { tuning_.LetGo(); }

  std::unique_ptr<Scheduler> Make(Scheduler::Options options = {.devices = 1}) {
    return std::make_unique<Scheduler>(options, tuning_.Function(), clock_);
  }

  FakeClock clock_;
  FakeTuning tuning_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_SERVER_TUNING_SCHEDULER_FIXTURE_H_
