#ifndef TILEWRIGHT_TESTS_FAKES_FAKE_CLOCK_H_
#define TILEWRIGHT_TESTS_FAKES_FAKE_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tuner/search/clock.h"

namespace tilewright {

// Clocks that stand still until they are told otherwise. Any thread.
class FakeClock final : public Clock {
 public:
  // A date after every real one, so that a fake time is recognised in a failure.
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(4102444800)) : now_(now) {}

  absl::Time Now() override {
    absl::MutexLock lock(&mutex_);
    return now_;
  }

  SteadyTime SteadyNow() override {
    absl::MutexLock lock(&mutex_);
    return steady_now_;
  }

  // Time passes.
  void Advance(absl::Duration by) {
    absl::MutexLock lock(&mutex_);
    now_ += by;
    steady_now_ += by;
  }

  // Somebody sets the time of day.
  void StepWallClock(absl::Duration by) {
    absl::MutexLock lock(&mutex_);
    now_ += by;
  }

 private:
  absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  SteadyTime steady_now_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_FAKES_FAKE_CLOCK_H_
