#ifndef TILEWRIGHT_SERVER_TUNING_WORK_OWNERS_H_
#define TILEWRIGHT_SERVER_TUNING_WORK_OWNERS_H_

#include <sys/types.h>

#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/net/permissions.h"

namespace tilewright {

// Who asked for which tuning and sweep, so that no user ends the work of another one. Of the last
// `max_names`. Owned by TuningServiceImpl; thread-safe.
class WorkOwners {
 public:
  // `permissions` outlives this.
  WorkOwners(const Permissions& permissions, std::size_t max_names)
      : permissions_(permissions), max_names_(max_names) {}

  // `user` asked for the tuning `name`, with this request id or none. An id that another user gave
  // stays that user's.
  void AddTuning(const std::string& name, uid_t user, const std::string& request_id);

  // The request id of the interest in the tuning that a cancellation by `user` takes back; empty:
  // one without an id. Nothing where the user has taken back all its own. Any administrator takes
  // back what `request_id` says. PERMISSION_DENIED, reason NOT_PERMITTED, where others alone asked
  // for it, or another one with that id.
  absl::StatusOr<std::optional<std::string>> TakeBack(const std::string& name, uid_t user,
                                                      const std::string& request_id);

  // `user` made the sweep `name`, or goes on with one that nobody worked on; or has `joined` one
  // that was being worked on, which stays whose it was.
  void AddSweep(const std::string& name, uid_t user, bool joined);

  // PERMISSION_DENIED, reason NOT_PERMITTED, where another user made the sweep, or where nobody
  // here did: the daemon has gone on with it after a start.
  absl::Status CheckCancelSweep(const std::string& name, uid_t user) const;

 private:
  struct Owners {
    absl::flat_hash_map<uid_t, std::multiset<std::string>> requests;  // Not taken back yet.
    std::optional<uid_t> sweep_owner;
  };

  Owners& Entry(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Permissions& permissions_;
  const std::size_t max_names_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Owners> owners_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> names_ ABSL_GUARDED_BY(mutex_);  // Oldest first.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_TUNING_WORK_OWNERS_H_
