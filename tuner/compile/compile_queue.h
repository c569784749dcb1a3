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

// The jobs of one CompileAll. Fields are guarded by the queue's mutex but for the constant
// ones and `abandoned`.
struct CompileBatch {
  explicit CompileBatch(std::vector<CompileJob> work, bool probe = false)
      : jobs(std::move(work)), is_probe(probe) {}

  const std::vector<CompileJob> jobs;
  const bool is_probe;        // Only to see that a worker starts; nothing is compiled.
  std::size_t next = 0;       // The first job that was not handed out.
  std::size_t in_flight = 0;  // Handed out and not finished.
  std::deque<std::pair<std::size_t, CompileOutcome>> finished;  // Not yet collected.
  absl::Status error;                   // Why the batch as a whole ends early.
  std::atomic<bool> abandoned = false;  // Jobs under way are to end at once.
};

// Hands the jobs of several batches to the pool's threads, one of each batch in turn, and
// their outcomes back to the batch's owner. Any thread.
class CompileQueue {
 public:
  struct Work {
    std::shared_ptr<CompileBatch> batch;
    std::size_t index;
    const CompileJob& job() const { return batch->jobs[index]; }
  };

  // For the owner of a batch.
  void Add(const std::shared_ptr<CompileBatch>& batch);
  // Waits up to `patience` for an outcome and takes it. Nothing: none came, or the batch
  // is complete.
  std::optional<std::pair<std::size_t, CompileOutcome>> Collect(CompileBatch& batch,
                                                                absl::Duration patience);
  // No job is waiting or under way, and every outcome was collected.
  bool IsComplete(const CompileBatch& batch);
  // Jobs that were not handed out are dropped; the batch ends with `error`.
  void Drop(CompileBatch& batch, absl::Status error);

  // For the pool's threads. Waits for a job, up to `patience`. A thread whose worker is not
  // started leaves a job to one whose worker is warm and idle. `is_warm` is what the thread
  // last told Finish; false at first, and after a Take without a job.
  std::optional<Work> Take(bool is_warm, absl::Duration patience);
  // Ends a job that was taken: with its outcome, or without, where it was abandoned.
  // `is_warm`: the worker is there for the next job, before the owner sees the outcome.
  void Finish(const Work& work, std::optional<CompileOutcome> outcome, bool is_warm);
  void Stop();
  bool IsStopped();

 private:
  bool IsCompleteLocked(const CompileBatch& batch) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::size_t WaitingJobs() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  SteadyMutex mutex_;
  // Batches that have jobs to hand out; the first is next.
  std::deque<std::shared_ptr<CompileBatch>> batches_ ABSL_GUARDED_BY(mutex_);
  std::size_t warm_and_idle_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_COMPILE_QUEUE_H_
