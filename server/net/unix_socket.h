// Listening Unix sockets: where they may live, who owns the path, when a left-over is removed.
#ifndef TILEWRIGHT_SERVER_NET_UNIX_SOCKET_H_
#define TILEWRIGHT_SERVER_NET_UNIX_SOCKET_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tilewright {

// A bound, listening, non-blocking socket and its path. Closes and removes both on
// destruction, the path only while it still is this socket. Not thread-safe.
class UnixListener {
 public:
  // INVALID_ARGUMENT as CheckSocketPath. Makes the folder of `path` (mode 0750) where it is
  // missing, and removes a socket left there by a daemon that is gone. ALREADY_EXISTS, reason
  // SOCKET_IN_USE, where somebody answers on it; FAILED_PRECONDITION where something else than a
  // socket lies there.
  static absl::StatusOr<UnixListener> Listen(const std::string& path);

  UnixListener(UnixListener&& other) noexcept;
  UnixListener& operator=(UnixListener&& other) noexcept;
  ~UnixListener();

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }

  // Whether the path still is this socket.
  bool HasPath() const;

  // Closes the socket and removes its path. Done on destruction too.
  void Close();

 private:
  UnixListener(int fd, std::string path, ino_t inode)
      : fd_(fd), path_(std::move(path)), inode_(inode) {}

  int fd_;
  std::string path_;
  ino_t inode_;  // Of the path as we bound it.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_UNIX_SOCKET_H_
