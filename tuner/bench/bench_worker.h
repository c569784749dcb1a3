#ifndef TILEWRIGHT_TUNER_BENCH_BENCH_WORKER_H_
#define TILEWRIGHT_TUNER_BENCH_BENCH_WORKER_H_

namespace tilewright {

// Serves a profiler on `fd` until the other end closes. Only this process has a CUDA context. The
// daemon runs its own binary with `--worker=bench` for it. Returns the exit status.
int RunBenchWorker(int fd);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_BENCH_WORKER_H_
