#include "server/net/peer_policy.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tilewright {

absl::StatusOr<PeerCredentials> ReadPeerCredentials(int fd) {
  ucred credentials = {};
  socklen_t size = sizeof(credentials);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return absl::InternalError(absl::StrCat("SO_PEERCRED: ", std::strerror(errno)));
  }
  PeerCredentials peer;
  peer.uid = credentials.uid;
  peer.gid = credentials.gid;
  peer.pid = credentials.pid;
  // With no buffer, getsockopt returns the needed size. Kernels before 4.13 do not know the option;
  // then only the primary group decides.
  size = 0;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, nullptr, &size) != 0 && errno == ERANGE) {
    peer.groups.resize(size / sizeof(gid_t));
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &size) != 0) {
      peer.groups.clear();
    }
  }
  return peer;
}

bool MayConnect(const PeerCredentials& peer, uid_t own_uid, gid_t own_gid) {
  return peer.uid == own_uid || peer.uid == 0 || peer.gid == own_gid ||
         std::find(peer.groups.begin(), peer.groups.end(), own_gid) != peer.groups.end();
}

bool ConnectionTable::Admit(uid_t uid, int fd, std::size_t limit) {
  struct stat info;
  if (fstat(fd, &info) != 0) return false;
  absl::MutexLock lock(&mutex_);
  std::vector<Connection>& connections = open_[uid];
  // Checks every descriptor only when the list has grown to the limit.
  if (connections.size() >= limit) DropClosed(connections);
  if (connections.size() >= limit) return false;
  connections.push_back({fd, info.st_ino, SteadyTime::Now()});
  return true;
}

bool ConnectionTable::HasYounger(absl::Duration age) const {
  const SteadyTime since = SteadyTime::Now() - age;
  absl::MutexLock lock(&mutex_);
  for (const auto& [user, connections] : open_) {
    for (const Connection& connection : connections) {
      if (connection.admitted > since && connection.IsOpen()) return true;
    }
  }
  return false;
}

bool ConnectionTable::Connection::IsOpen() const {
  struct stat info;
  return fstat(fd, &info) == 0 && info.st_ino == inode;
}

void ConnectionTable::DropClosed(std::vector<Connection>& connections) {
  std::erase_if(connections, [](const Connection& connection) { return !connection.IsOpen(); });
}

}  // namespace tilewright
