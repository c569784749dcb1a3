#ifndef TILEWRIGHT_TUNER_BENCH_BENCH_WORKER_H_
#define TILEWRIGHT_TUNER_BENCH_BENCH_WORKER_H_

namespace tilewright {

// Serves a profiler on `fd` until the other end closes: the one process with a CUDA context.
// Run by the daemon's binary re-executed as `--worker=bench`. Returns the exit status.
int RunBenchWorker(int fd);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_BENCH_WORKER_H_
