#ifndef TILEWRIGHT_TUNER_CLOCK_H_
#define TILEWRIGHT_TUNER_CLOCK_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tilewright {

// The time of day, replaceable in tests. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() = 0;
};

class RealClock final : public Clock {
 public:
  absl::Time Now() override { return absl::Now(); }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_CLOCK_H_
