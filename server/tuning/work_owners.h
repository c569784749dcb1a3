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

// Remembers who asked for which tuning and sweep, so that no user ends another user's work. Keeps
// the last `max_names`. Owned by TuningServiceImpl; thread-safe.
class WorkOwners {
 public:
  // `permissions` outlives this object.
  WorkOwners(const Permissions& permissions, std::size_t max_names)
      : permissions_(permissions), max_names_(max_names) {}

  // Records that `user` asked for the tuning `name`, with or without a request id. If another user
  // gave that id first, it stays theirs.
  void AddTuning(const std::string& name, uid_t user, const std::string& request_id);

  // Returns the request id of the interest in the tuning that a cancellation by `user` takes back;
  // empty: one without an id. Returns nothing if the user has taken back all their own. For
  // administrators, takes back any interest that `request_id` names. PERMISSION_DENIED, reason
  // NOT_PERMITTED: only other users asked for the tuning, or another user has that id.
  absl::StatusOr<std::optional<std::string>> TakeBack(const std::string& name, uid_t user,
                                                      const std::string& request_id);

  // Records that `user` made or continued the sweep `name`. If the user has only `joined` a running
  // sweep, its owner stays.
  void AddSweep(const std::string& name, uid_t user, bool joined);

  // PERMISSION_DENIED, reason NOT_PERMITTED: another user made the sweep, or the daemon itself
  // resumed it at its start.
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
