#ifndef TILEWRIGHT_SERVER_TUNING_TUNING_JOB_H_
#define TILEWRIGHT_SERVER_TUNING_TUNING_JOB_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/search/tuner.h"

namespace tilewright {

// One tuning as a resource: its state, progress, outcome and observers. The scheduler and the RPCs
// that follow it share it; thread-safe.
class TuningJob {
 public:
  // Called after a change, on the thread that made it. Must not block. May be called once more
  // after Unobserve has returned.
  using Observer = std::function<void()>;

  TuningJob(std::string name, TuneRequest request, absl::Time now);

  const std::string& name() const { return name_; }
  const TuneRequest& request() const { return request_; }

  v1::Tuning Snapshot() const;
  bool finished() const;
  // Returns the outcome, or UNAVAILABLE before the end.
  absl::StatusOr<StoredWinner> result() const;

  // Calls `observer` at once, too, if the job has finished.
  int64_t Observe(Observer observer);
  void Unobserve(int64_t id);

  // Only the scheduler calls these.
  void Start();
  // The job waits for another run.
  void Requeue();
  void Advance(const v1::TuningProgress& progress);
  void Finish(absl::StatusOr<TuneResult> result, absl::Time now);

 private:
  void Notify();

  const std::string name_;
  const TuneRequest request_;
  mutable absl::Mutex mutex_;
  v1::Tuning tuning_ ABSL_GUARDED_BY(mutex_);
  absl::StatusOr<StoredWinner> result_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t next_observer_ ABSL_GUARDED_BY(mutex_) = 1;
  absl::flat_hash_map<int64_t, std::shared_ptr<const Observer>> observers_ ABSL_GUARDED_BY(mutex_);
};

// Returns whether the state can no longer change.
bool IsFinal(v1::WorkState state);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_TUNING_TUNING_JOB_H_
