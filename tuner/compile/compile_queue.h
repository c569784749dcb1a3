#ifndef TILEWRIGHT_TUNER_COMPILE_COMPILE_QUEUE_H_
#define TILEWRIGHT_TUNER_COMPILE_COMPILE_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/support/steady_mutex.h"
#include "tuner/compile/compiler.h"

namespace tilewright {

// The jobs of one CompileAll. The queue's mutex guards the fields, except for the constant ones and
// `abandoned`.
struct CompileBatch {
  explicit CompileBatch(std::vector<CompileJob> work, bool probe = false)
      : jobs(std::move(work)), is_probe(probe) {}

  const std::vector<CompileJob> jobs;
  const bool is_probe;        // Only checks that a worker starts; compiles nothing.
  std::size_t next = 0;       // The first job that was not handed out.
  std::size_t in_flight = 0;  // Handed out and not finished.
  std::deque<std::pair<std::size_t, CompileOutcome>> finished;  // Not yet collected.
  absl::Status error;                   // Why the batch as a whole ends early.
  std::atomic<bool> abandoned = false;  // Running jobs must end at once.
};

// Hands the jobs of several batches to the pool's threads, one of each batch in turn, and returns
// the outcomes to the owners of the batches. Any thread.
class CompileQueue {
 public:
  struct Work {
    std::shared_ptr<CompileBatch> batch;
    std::size_t index;
    const CompileJob& job() const { return batch->jobs[index]; }
  };

  // The next four are for the owner of a batch.
  void Add(const std::shared_ptr<CompileBatch>& batch);
  // Waits up to `patience` for an outcome and takes it. Nothing: none came, or the batch is
  // complete.
  std::optional<std::pair<std::size_t, CompileOutcome>> Collect(CompileBatch& batch,
                                                                absl::Duration patience);
  // Tells if no job is waiting or running and every outcome was collected.
  bool IsComplete(const CompileBatch& batch);
  // Drops the jobs that were not handed out. The batch ends with `error`.
  void Drop(CompileBatch& batch, absl::Status error);

  // The rest is for the pool's threads. Waits up to `patience` for a job. A thread whose worker is
  // not started leaves the job to a thread whose worker is warm and idle. `is_warm` is what the
  // thread last told Finish. It is false at first and after a Take without a job.
  std::optional<Work> Take(bool is_warm, absl::Duration patience);
  // Ends a taken job, without an outcome if it was abandoned. `is_warm`: the worker can take the
  // next job. The queue knows this before the owner sees the outcome.
  void Finish(const Work& work, std::optional<CompileOutcome> outcome, bool is_warm);
  void Stop();
  bool IsStopped();

 private:
  bool IsCompleteLocked(const CompileBatch& batch) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::size_t WaitingJobs() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  SteadyMutex mutex_;
  // Batches that still have jobs to hand out. The first is next.
  std::deque<std::shared_ptr<CompileBatch>> batches_ ABSL_GUARDED_BY(mutex_);
  std::size_t warm_and_idle_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_COMPILE_QUEUE_H_
