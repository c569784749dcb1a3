// A wall clock that a test can step, for what reads the machine's clock and no Clock of ours.
#ifndef TILEWRIGHT_TESTS_FAKES_STEPPING_CLOCK_H_
#define TILEWRIGHT_TESTS_FAKES_STEPPING_CLOCK_H_

#include "absl/time/time.h"

namespace tilewright {

// Sets this process's CLOCK_REALTIME forwards or backwards, in all libraries that read it by
// clock_gettime; the monotonic clock goes on. The last call counts; zero is the machine's time.
void StepWallClock(absl::Duration by);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_FAKES_STEPPING_CLOCK_H_
