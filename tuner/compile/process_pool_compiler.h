#ifndef TILEWRIGHT_TUNER_COMPILE_PROCESS_POOL_COMPILER_H_
#define TILEWRIGHT_TUNER_COMPILE_PROCESS_POOL_COMPILER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/support/steady_time.h"
#include "tuner/compile/compile_queue.h"
#include "tuner/compile/compiler.h"
#include "tuner/compile/worker_slot.h"

namespace tilewright {

// Compiles with NVRTC in worker processes. So a crash, an endless compile or one that takes too
// much memory costs only its candidate, and processes scale further than NVRTC's threads. Workers
// start when there is work and stay warm. Several CompileAll calls take turns, job by job. Owned by
// main(); any thread.
class ProcessPoolCompiler final : public Compiler {
 public:
  struct Options {
    // The worker's executable, which calls RunCompileWorker(WorkerProcess::kWorkerFd). Empty: this
    // binary.
    std::string executable;
    std::vector<std::string> arguments = {"--worker=compile"};
    int workers = 0;       // 0: one for each processor.
    int cpu_seconds = 30;  // CPU time of one job; 0: no limit.
    // Wall-clock of one job, for jobs that wait without end. Workers are nice: if ranks and builds
    // take every core, a worker gets some 4 % of a core, and a job of 2 s did not end in 30 s.
    absl::Duration deadline = absl::Minutes(5);
    std::int64_t memory_limit_bytes = std::int64_t{2} << 30;  // For each worker; 0: none.
    // A worker without work ends after this. It holds some 50 MB.
    absl::Duration idle_timeout = absl::Minutes(5);
  };

  // INVALID_ARGUMENT: a count, limit or duration is negative. Starts no worker.
  static absl::StatusOr<std::unique_ptr<ProcessPoolCompiler>> Create(Options options);

  // REQUIRES: no CompileAll is running.
  ~ProcessPoolCompiler() override;

  // Also UNAVAILABLE, reason COMPILE_WORKER_FAILED: workers do not start on this machine. Calls
  // `on_done` on the calling thread.
  absl::Status CompileAll(
      std::vector<CompileJob> jobs, const Cancellation& cancellation,
      std::function<void(std::size_t index, CompileOutcome outcome)> on_done) override;

  // Asks a worker the first time. The daemon itself never loads NVRTC.
  v1::LibraryStatus Library() override;
  bool KnowsLibrary() override { return KnownLibrary().has_value(); }
  void StopAsking() override { stop_asking_ = true; }

 private:
  explicit ProcessPoolCompiler(Options options);

  // Runs one thread of the pool, which owns one worker.
  void Serve();
  void Process(WorkerSlot& slot, const CompileQueue::Work& work);
  // `for_jobs`: the worker must have shown that it can compile. CANCELLED once `is_abandoned`
  // holds.
  absl::Status StartWorker(WorkerSlot& slot, bool for_jobs,
                           const std::function<bool()>& is_abandoned);
  // Returns the outcome of a job: the compiler's answer, or what a second worker's end confirms.
  // Nothing if it was abandoned. An error if no worker starts.
  absl::StatusOr<std::optional<CompileOutcome>> CompileOn(WorkerSlot& slot,
                                                          const CompileQueue::Work& work);
  void Remember(const v1::LibraryStatus& library);
  // Returns what a worker found, until it is too old.
  std::optional<v1::LibraryStatus> KnownLibrary();

  const Options options_;
  CompileQueue queue_;
  std::atomic<bool> stop_asking_ = false;
  absl::Mutex mutex_;
  std::optional<v1::LibraryStatus> library_ ABSL_GUARDED_BY(mutex_);
  SteadyTime library_time_ ABSL_GUARDED_BY(mutex_) = SteadyTime::InfinitePast();
  std::vector<std::thread> threads_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_PROCESS_POOL_COMPILER_H_
