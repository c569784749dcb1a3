// A bench worker without a GPU, and the test binary's main that becomes one.
#ifndef TILEWRIGHT_TESTS_TUNER_PROFILE_FAKE_BENCH_WORKER_H_
#define TILEWRIGHT_TESTS_TUNER_PROFILE_FAKE_BENCH_WORKER_H_

#include <string>

namespace tilewright {

// Serves the worker protocol on `fd`. The machine is as `mode` says: "sound", "no_gpu",
// "out_of_memory" (when the problem is opened), "dies_opening", "killed_opening", "driver_hangs"
// and "libraries_hang" (when it is asked what there is), "vendors_fail",
// "disturbed" (every round), or "busy" (the first three rounds are disturbed). A kernel behaves as
// its template's name says: "ok" (its config's "nanoseconds"), "load_crash", "check_crash",
// "check_hang", "wrong", "context_lost", "time_crash", "time_hang", "wrong_later" (from the second
// check with a repeat on), "no_memory", "inexact", "out_of_bounds" (and this worker finds every
// result wrong from then on); "load_", "check_" or "time_" and "killed", "terminated", "stopped" or
// "cut_off" (the worker is lost from outside); these, "check_crash" and "time_crash" with "_once":
// unless the file that its content hash names is there.
int RunFakeBenchWorker(int fd, const std::string& mode);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_PROFILE_FAKE_BENCH_WORKER_H_
