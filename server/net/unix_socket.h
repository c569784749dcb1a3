// Listening Unix sockets: their paths, their owners, and the removal of stale ones.
#ifndef TILEWRIGHT_SERVER_NET_UNIX_SOCKET_H_
#define TILEWRIGHT_SERVER_NET_UNIX_SOCKET_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tilewright {

// A bound, listening, non-blocking socket and its path. Its destructor closes the socket, and
// removes the path if it still is this socket. Not thread-safe.
class UnixListener {
 public:
  // Makes the folder of `path` (mode 0750) if it is missing. Removes a socket that an ended daemon
  // left there. INVALID_ARGUMENT: see CheckSocketPath. ALREADY_EXISTS, reason SOCKET_IN_USE: a
  // server answers on it. FAILED_PRECONDITION: the path is not a socket.
  static absl::StatusOr<UnixListener> Listen(const std::string& path);

  UnixListener(UnixListener&& other) noexcept;
  UnixListener& operator=(UnixListener&& other) noexcept;
  ~UnixListener();

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }

  // Returns whether the path still is this socket.
  bool HasPath() const;

  // Closes the socket and removes its path. The destructor does this too.
  void Close();

 private:
  UnixListener(int fd, std::string path, ino_t inode)
      : fd_(fd), path_(std::move(path)), inode_(inode) {}

  int fd_;
  std::string path_;
  ino_t inode_;  // The inode of the path when it was bound.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_UNIX_SOCKET_H_
