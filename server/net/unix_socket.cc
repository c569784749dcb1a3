#include "server/net/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/socket_path.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

constexpr int kBacklog = 4096;  // The kernel caps it at net.core.somaxconn.

absl::Status SocketError(const std::string& path, std::string_view what, int error) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "SOCKET_UNUSABLE",
                   absl::StrCat("socket ", path, ": ", absl::string_view(what.data(), what.size()),
                                ": ", std::strerror(error)));
}

absl::Status MakeFolder(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) return absl::OkStatus();
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return absl::OkStatus();
  std::filesystem::create_directories(folder, error);
  if (error) return SocketError(path, "its folder cannot be made", error.value());
  if (chmod(folder.c_str(), 0750) != 0) {
    return SocketError(path, "the mode of its folder cannot be set", errno);
  }
  return absl::OkStatus();
}

// Returns whether a server answers on `path`. A full backlog counts as an answer.
bool SomebodyAnswers(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return true;  // Unknown, so leave the path alone.
  const absl::Cleanup closer = [fd] { close(fd); };
  const sockaddr_un address = SocketAddress(path);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return true;
  return errno != ECONNREFUSED && errno != ENOENT;
}

absl::Status RemoveStale(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return SocketError(path, "cannot be checked", errno);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "SOCKET_UNUSABLE",
        absl::StrCat("socket ", path, ": is not a socket: remove it, or name another path"));
  }
  if (SomebodyAnswers(path)) {
    return MakeError(absl::StatusCode::kAlreadyExists, "SOCKET_IN_USE",
                     absl::StrCat("socket ", path, ": another daemon answers on it"));
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return SocketError(path, "the socket of an ended daemon cannot be removed", errno);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<UnixListener> UnixListener::Listen(const std::string& path) {
  RETURN_IF_ERROR(CheckSocketPath(path));
  RETURN_IF_ERROR(MakeFolder(path));
  RETURN_IF_ERROR(RemoveStale(path));
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return SocketError(path, "cannot be made", errno);
  absl::Cleanup closer = [fd] { close(fd); };
  const sockaddr_un address = SocketAddress(path);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return SocketError(path, "cannot be bound", errno);
  }
  struct stat info = {};
  if (chmod(path.c_str(), 0660) != 0 || lstat(path.c_str(), &info) != 0) {
    return SocketError(path, "its mode cannot be set", errno);
  }
  if (listen(fd, kBacklog) != 0) return SocketError(path, "listening failed", errno);
  std::move(closer).Cancel();
  return UnixListener(fd, path, info.st_ino);
}

UnixListener::UnixListener(UnixListener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), inode_(other.inode_) {}

UnixListener& UnixListener::operator=(UnixListener&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::move(other.path_);
    inode_ = other.inode_;
  }
  return *this;
}

UnixListener::~UnixListener() { Close(); }

bool UnixListener::HasPath() const {
  struct stat info = {};
  return lstat(path_.c_str(), &info) == 0 && S_ISSOCK(info.st_mode) && info.st_ino == inode_;
}

void UnixListener::Close() {
  if (fd_ < 0) return;
  if (HasPath()) unlink(path_.c_str());
  close(std::exchange(fd_, -1));
}

}  // namespace tilewright
