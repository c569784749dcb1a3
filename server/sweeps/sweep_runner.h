#ifndef TILEWRIGHT_SERVER_SWEEPS_SWEEP_RUNNER_H_
#define TILEWRIGHT_SERVER_SWEEPS_SWEEP_RUNNER_H_

#include <sys/types.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "proto/support/steady_mutex.h"
#include "server/net/unknown_user.h"
#include "server/sweeps/sweep_plan.h"
#include "server/sweeps/sweep_state.h"
#include "server/tuning/device_table.h"
#include "server/tuning/scheduler.h"
#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/search/clock.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// Remembers which request id made or joined which sweep, so that a repeated CreateSweep has no
// further effect. Knows the last `max_ids`. Not thread-safe: the sweep runner guards it.
class SweepRequests {
 public:
  explicit SweepRequests(std::size_t max_ids) : max_ids_(max_ids) {}

  void Remember(const v1::CreateSweepRequest& request);

  // Returns whether the request's id came before. INVALID_ARGUMENT, reason REQUEST_ID_REUSED: the
  // earlier request was different.
  absl::StatusOr<bool> Repeated(const v1::CreateSweepRequest& request) const;

 private:
  const std::size_t max_ids_;
  // SHA-256 of each request by its id, because a request may have megabytes.
  absl::flat_hash_map<std::string, std::string> digests_;
  std::deque<std::string> ids_;  // Oldest first.
};

// Works through sweeps, one problem after the other, with one thread for each sweep. Stores them,
// so that a cancelled or killed sweep goes on when it is created again. Methods may block on disk.
// Owned by DaemonServer; thread-safe.
class SweepRunner {
 public:
  struct Created {
    v1::Sweep sweep;
    // The sweep was running already, or the request repeated an earlier one.
    bool joined = false;
  };

  SweepRunner(const DeviceTable& devices, const WinnerIndex& index, TuningStore& store,
              Scheduler& scheduler, Clock& clock);
  ~SweepRunner();  // Same as Stop.

  // A cancelled sweep that is still at its last problem goes on. A known request id changes nothing
  // and returns the sweep that it made. Returns the errors of TuningService, and:
  // RESOURCE_EXHAUSTED, reason TOO_MANY_SWEEPS: for one `user`, this limit is lower than for all.
  // FAILED_PRECONDITION, reason SWEEP_RUNNING: another sweep of that name is being worked on.
  absl::StatusOr<Created> Create(const v1::CreateSweepRequest& request, uid_t user);

  // NOT_FOUND, reason SWEEP_NOT_FOUND.
  absl::StatusOr<std::shared_ptr<SweepState>> Find(const std::string& name);
  absl::StatusOr<v1::Sweep> Get(const std::string& name);
  absl::StatusOr<v1::Sweep> Cancel(const std::string& name);

  // Continues every unfinished sweep in the store.
  void ResumeAll();

  // Starts nothing new from now on; sweeps that end early stay unfinished. Call it before the
  // scheduler stops: that ends the tunings that Stop waits for.
  void PrepareStop();
  // Joins the threads.
  void Stop();

  std::size_t active() const;

 private:
  // A sweep that is being worked on.
  struct Active {
    v1::CreateSweepRequest request;
    std::vector<TuneRequest> tunes;
    std::shared_ptr<SweepState> state;
    std::thread thread;
    uid_t user = kUnknownUser;
    bool cancelled = false;
    bool ended = false;
  };

  absl::StatusOr<std::optional<v1::Sweep>> Stored(const std::string& name);
  absl::StatusOr<Created> Begin(const v1::CreateSweepRequest& request, uid_t user)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void JoinEnded() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void Run(const std::shared_ptr<Active>& sweep);
  void WorkThrough(const std::shared_ptr<Active>& sweep);
  bool Interrupted(const Active& sweep) const;
  absl::StatusOr<StoredWinner> TuneEntry(const std::shared_ptr<Active>& sweep, int index);
  absl::StatusOr<Scheduler::Ticket> Enqueue(const TuneRequest& tune, uid_t user);
  void Settle(Active& sweep, int index, const absl::StatusOr<StoredWinner>& winner);
  void Save(const Active& sweep);

  const DeviceTable& devices_;
  const WinnerIndex& index_;
  TuningStore& store_;
  Scheduler& scheduler_;
  Clock& clock_;
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  SteadyEvent stop_begun_;  // Set with stopping_, for threads that wait.
  SweepRequests requests_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::shared_ptr<Active>> active_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_SWEEPS_SWEEP_RUNNER_H_
