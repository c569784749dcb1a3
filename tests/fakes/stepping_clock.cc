#include "tests/fakes/stepping_clock.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

namespace tilewright {
namespace {

std::atomic<long> step_seconds{0};

}  // namespace

void StepWallClock(absl::Duration by) { step_seconds = absl::ToInt64Seconds(by); }

}  // namespace tilewright

// Takes the place of the C library's in this binary and in all libraries that it loads.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += tilewright::step_seconds;
  return static_cast<int>(result);
}
