#ifndef TILEWRIGHT_TUNER_SEARCH_CLOCK_H_
#define TILEWRIGHT_TUNER_SEARCH_CLOCK_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proto/support/steady_time.h"

namespace tilewright {

// Both clocks, replaceable in tests. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // Returns the time of day, for what is stored and shown.
  virtual absl::Time Now() = 0;
  // Returns the time to compute deadlines and durations with.
  virtual SteadyTime SteadyNow() = 0;
};

class RealClock final : public Clock {
 public:
  absl::Time Now() override { return absl::Now(); }
  SteadyTime SteadyNow() override { return SteadyTime::Now(); }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_CLOCK_H_
