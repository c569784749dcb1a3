// Decides who may connect, from what the kernel says about the peer of a Unix socket.
#ifndef TILEWRIGHT_SERVER_NET_PEER_POLICY_H_
#define TILEWRIGHT_SERVER_NET_PEER_POLICY_H_

#include <sys/types.h>

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/support/steady_time.h"

namespace tilewright {

struct PeerCredentials {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
  std::vector<gid_t> groups;  // The supplementary groups.
};

// Reads SO_PEERCRED and SO_PEERGROUPS of a connected Unix socket.
absl::StatusOr<PeerCredentials> ReadPeerCredentials(int fd);

// Returns true for the daemon's own user, root, and members of the daemon's group.
bool MayConnect(const PeerCredentials& peer, uid_t own_uid, gid_t own_gid);

// Counts the open connections of each user. gRPC does not report closed connections, so each entry
// keeps descriptor and socket inode. After a close or reuse, the inode differs. Thread-safe.
class ConnectionTable {
 public:
  // Returns false if `uid` already has `limit` connections. Otherwise remembers this one.
  bool Admit(uid_t uid, int fd, std::size_t limit);

  // Returns whether a connection is open that was admitted less than `age` ago.
  bool HasYounger(absl::Duration age) const;

 private:
  struct Connection {
    int fd;
    ino_t inode;
    SteadyTime admitted;

    bool IsOpen() const;
  };
  static void DropClosed(std::vector<Connection>& connections);

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<uid_t, std::vector<Connection>> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_PEER_POLICY_H_
