#ifndef TILEWRIGHT_PROTO_SUPPORT_STEADY_TIME_H_
#define TILEWRIGHT_PROTO_SUPPORT_STEADY_TIME_H_

#include <chrono>
#include <ostream>

#include "absl/time/time.h"

namespace tilewright {

// A moment on the monotonic clock, for deadlines and durations. The wall clock (absl::Now) may step
// by hours if somebody sets it; it is for times that are stored or shown. A SteadyTime has no date
// and means nothing on another machine. It has its own type, so the compiler refuses to mix it with
// absl::Time. Sums and differences with an infinite time are infinite.
class SteadyTime {
 public:
  // The start of the clock.
  constexpr SteadyTime() = default;

  static SteadyTime Now() { return From(std::chrono::steady_clock::now()); }
  static SteadyTime From(std::chrono::steady_clock::time_point time) {
    return SteadyTime(absl::FromChrono(time.time_since_epoch()));
  }
  static constexpr SteadyTime InfiniteFuture() { return SteadyTime(absl::InfiniteDuration()); }
  static constexpr SteadyTime InfinitePast() { return SteadyTime(-absl::InfiniteDuration()); }

  // REQUIRES: the time is not infinite.
  std::chrono::steady_clock::time_point ToChrono() const {
    return std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(
            absl::ToChronoNanoseconds(since_start_)));
  }

  SteadyTime& operator+=(absl::Duration by) {
    since_start_ += by;
    return *this;
  }

  friend SteadyTime operator+(SteadyTime time, absl::Duration by) { return time += by; }
  friend SteadyTime operator-(SteadyTime time, absl::Duration by) { return time += -by; }
  friend absl::Duration operator-(SteadyTime end, SteadyTime begin) {
    return end.since_start_ - begin.since_start_;
  }
  friend constexpr bool operator==(SteadyTime a, SteadyTime b) {
    return a.since_start_ == b.since_start_;
  }
  friend constexpr bool operator!=(SteadyTime a, SteadyTime b) { return !(a == b); }
  friend constexpr bool operator<(SteadyTime a, SteadyTime b) {
    return a.since_start_ < b.since_start_;
  }
  friend constexpr bool operator>(SteadyTime a, SteadyTime b) { return b < a; }
  friend constexpr bool operator<=(SteadyTime a, SteadyTime b) { return !(b < a); }
  friend constexpr bool operator>=(SteadyTime a, SteadyTime b) { return !(a < b); }
  friend std::ostream& operator<<(std::ostream& stream, SteadyTime time) {
    return stream << time.since_start_ << " on the monotonic clock";
  }

 private:
  explicit constexpr SteadyTime(absl::Duration since_start) : since_start_(since_start) {}

  absl::Duration since_start_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_STEADY_TIME_H_
