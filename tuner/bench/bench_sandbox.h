#ifndef TILEWRIGHT_TUNER_BENCH_BENCH_SANDBOX_H_
#define TILEWRIGHT_TUNER_BENCH_BENCH_SANDBOX_H_

#include "absl/status/status.h"

namespace tilewright {

// Refuses, from now on and with EPERM, what neither CUDA nor NVML nor cublasLt need once a context
// is there: other programs, the memory and the signals of other processes, debugging, and sockets
// to other machines. Files, devices, threads and local sockets stay, which the driver uses as it
// likes. It holds for the calling thread and for the threads that are started later, not for those
// that the driver made with the context. After the context is made and before any kernel is loaded.
// UNAVAILABLE where the kernel has no such filters: the worker says so and goes on, for a daemon
// without it would measure nothing there.
absl::Status FilterBenchWorker();

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_BENCH_SANDBOX_H_
