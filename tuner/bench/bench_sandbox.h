#ifndef TILEWRIGHT_TUNER_BENCH_BENCH_SANDBOX_H_
#define TILEWRIGHT_TUNER_BENCH_BENCH_SANDBOX_H_

#include "absl/status/status.h"

namespace tilewright {

// Refuses with EPERM, from now on, what CUDA, NVML and cublasLt do not need once a context exists:
// other programs, the memory and the signals of other processes, debugging, and sockets to other
// machines. The driver may still use files, devices, threads and local sockets. The filter holds
// for the calling thread and for threads that start later, but not for those that the driver made
// with the context. REQUIRES: the context is made, and no kernel is loaded yet. UNAVAILABLE: the
// operating system has no such filters. The worker then says so and continues, because otherwise
// the daemon could measure nothing there.
absl::Status FilterBenchWorker();

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_BENCH_SANDBOX_H_
