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

// Compiles with NVRTC in worker processes, so that a crash, a compile without end or one
// that eats memory costs its candidate and nothing else, and because processes scale further
// than NVRTC's threads. Workers are started when there is work and kept warm. Several
// CompileAll calls take turns, job by job. Owned by main(); any thread.
class ProcessPoolCompiler final : public Compiler {
 public:
  struct Options {
    // What is run as a worker; it calls RunCompileWorker(WorkerProcess::kWorkerFd).
    // Empty: this binary.
    std::string executable;
    std::vector<std::string> arguments = {"--worker=compile"};
    int workers = 0;       // 0: one for each processor.
    int cpu_seconds = 30;  // CPU time of one job; 0: no limit.
    // Wall-clock of one job, for what waits without end. Workers are nice: where ranks and builds
    // take every core, one has some 4 % of a core, and 30 s of wall-clock were too few for a job of
    // 2 s.
    absl::Duration deadline = absl::Minutes(5);
    std::int64_t memory_limit_bytes = std::int64_t{2} << 30;  // Of a worker; 0: none.
    // A worker without work ends after this; it holds some 50 MB.
    absl::Duration idle_timeout = absl::Minutes(5);
  };

  // INVALID_ARGUMENT for a negative count, limit or duration. Starts no worker.
  static absl::StatusOr<std::unique_ptr<ProcessPoolCompiler>> Create(Options options);

  // No CompileAll may be under way.
  ~ProcessPoolCompiler() override;

  // Beside the contract's errors UNAVAILABLE, reason COMPILE_WORKER_FAILED: workers do not
  // start on this machine. `on_done` runs on the calling thread.
  absl::Status CompileAll(
      std::vector<CompileJob> jobs, const Cancellation& cancellation,
      std::function<void(std::size_t index, CompileOutcome outcome)> on_done) override;

  // Asks a worker the first time; the daemon itself never loads NVRTC.
  v1::LibraryStatus Library() override;
  bool KnowsLibrary() override { return KnownLibrary().has_value(); }
  void StopAsking() override { stop_asking_ = true; }

 private:
  explicit ProcessPoolCompiler(Options options);

  // The life of one thread of the pool, which owns one worker.
  void Serve();
  void Process(WorkerSlot& slot, const CompileQueue::Work& work);
  // `for_jobs`: one that has shown that it can compile. CANCELLED once `is_abandoned` holds.
  absl::Status StartWorker(WorkerSlot& slot, bool for_jobs,
                           const std::function<bool()>& is_abandoned);
  // The outcome of a job: what the compiler answers, or what a second worker's end confirms.
  // Nothing where it was abandoned. An error where no worker starts.
  absl::StatusOr<std::optional<CompileOutcome>> CompileOn(WorkerSlot& slot,
                                                          const CompileQueue::Work& work);
  void Remember(const v1::LibraryStatus& library);
  // What a worker found, as long as it is to be believed.
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
