#ifndef TILEWRIGHT_SERVER_SWEEPS_TUNING_FOLLOWER_H_
#define TILEWRIGHT_SERVER_SWEEPS_TUNING_FOLLOWER_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/support/steady_time.h"
#include "server/sweeps/sweep_state.h"
#include "server/tuning/tuning_job.h"

namespace tilewright {

// Shows a tuning's progress as its sweep's, and waits for its end. Thread-safe.
class Follower {
 public:
  explicit Follower(std::shared_ptr<SweepState> sweep) : sweep_(std::move(sweep)) {}

  void OnChange(const TuningJob& job) {
    v1::Tuning tuning = job.Snapshot();
    const bool ended = IsFinal(tuning.state());
    {
      absl::MutexLock lock(&mutex_);
      // Those who watch get the whole sweep each time, be it thousands of problems.
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

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_SWEEPS_TUNING_FOLLOWER_H_
