#include "server/net/acceptor.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/refusal.h"

namespace tilewright {
namespace {

// How often to check the socket's path.
constexpr int kLookMilliseconds = 1000;

int OpenReserve() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

// Sends the reason and closes. First reads the client's bytes that have arrived: closing a socket
// with unread bytes loses what was sent on it.
void Refuse(int fd, const Refusal& refusal) {
  char ignored[4096];
  while (recv(fd, ignored, sizeof(ignored), MSG_DONTWAIT) > 0) {
  }
  const std::string bytes = EncodeRefusal(refusal);
  // A new connection has room for the reason. One without room is closed without a reason.
  [[maybe_unused]] const ssize_t sent =
      send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  close(fd);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Create(UnixListener listener,
                                                           const Options& options,
                                                           Handler handler) {
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) {
    return absl::ResourceExhaustedError(absl::StrCat("eventfd: ", std::strerror(errno)));
  }
  return std::unique_ptr<Acceptor>(
      new Acceptor(std::move(listener), options, std::move(handler), wake_fd, OpenReserve()));
}

void Acceptor::Start() {
  thread_ = std::thread([this] { Run(); });
}

Acceptor::Acceptor(UnixListener listener, const Options& options, Handler handler, int wake_fd,
                   int reserve_fd)
    : listener_(std::move(listener)),
      options_(options),
      handler_(std::move(handler)),
      wake_fd_(wake_fd),
      reserve_fd_(reserve_fd),
      max_connections_per_user_(options.max_connections_per_user) {}

Acceptor::~Acceptor() {
  Stop();
  close(wake_fd_);
  if (reserve_fd_ >= 0) close(reserve_fd_);
}

void Acceptor::Pause() {
  if (!thread_.joinable()) return;
  std::uint64_t count = 1;
  // An eventfd refuses a 1 only if its counter is full, and then it is already readable.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &count, sizeof(count));
  thread_.join();
  [[maybe_unused]] const ssize_t reset = read(wake_fd_, &count, sizeof(count));
}

void Acceptor::Stop() {
  Pause();
  listener_.Close();
}

void Acceptor::Run() {
  pthread_setname_np(pthread_self(), "acceptor");
  while (true) {
    pollfd wait[2] = {{listener_.fd(), POLLIN, 0}, {wake_fd_, POLLIN, 0}};
    const int ready = poll(wait, 2, kLookMilliseconds);
    if (ready < 0 && errno != EINTR) {
      spdlog::error("acceptor: poll: {}", std::strerror(errno));
      return;
    }
    if (ready == 0) KeepPath();
    if (ready <= 0) continue;
    if (wait[1].revents != 0) return;
    if (wait[0].revents != 0) {
      while (AcceptOne()) {
      }
    }
  }
}

void Acceptor::KeepPath() {
  if (listener_.HasPath()) return;
  const std::string path = listener_.path();
  std::error_code error;
  // If the folder is gone, so is the cache directory. The caretaker reports that.
  absl::StatusOr<UnixListener> again =
      std::filesystem::is_directory(std::filesystem::path(path).parent_path(), error)
          ? UnixListener::Listen(path)
          : absl::NotFoundError("its folder is gone");
  if (again.ok()) {
    spdlog::warn("socket {} was removed, and has been made again", path);
    // Clients that connected before the removal are let in.
    while (AcceptOne()) {
    }
    listener_ = *std::move(again);
    path_lost_ = false;
    return;
  }
  if (!path_lost_) {
    spdlog::error("socket {} was removed, and cannot be made again: {}", path,
                  std::string(again.status().message()));
  }
  path_lost_ = true;
}

bool Acceptor::AcceptOne() {
  const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd >= 0) {
    Take(fd);
    return true;
  }
  switch (errno) {
    case EINTR:
    case ECONNABORTED:
      return true;
    case EAGAIN:
      return false;
    case EMFILE:
    case ENFILE:
      ShedOne();
      return false;
    default:
      spdlog::error("acceptor: accept: {}", std::strerror(errno));
      // The error will not go away at once. Without a pause this would spin.
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      return false;
  }
}

void Acceptor::Take(int fd) {
  const absl::StatusOr<PeerCredentials> peer = ReadPeerCredentials(fd);
  if (!peer.ok() || !MayConnect(*peer, options_.own_uid, options_.own_gid)) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    if (!peer.ok()) {
      close(fd);
      return;
    }
    spdlog::warn("refused a connection of user {} (pid {})", peer->uid, peer->pid);
    Refuse(fd, {"USER_NOT_PERMITTED",
                absl::StrCat("it serves user ", options_.own_uid, ", root and group ",
                             options_.own_gid, ", and this is user ", peer->uid)});
    return;
  }
  if (const std::size_t limit = max_connections_per_user_.load(std::memory_order_relaxed);
      !connections_.Admit(peer->uid, fd, limit)) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    spdlog::warn("refused a connection of user {} (pid {}): {} are open already", peer->uid,
                 peer->pid, limit);
    Refuse(fd, {"TOO_MANY_CONNECTIONS",
                absl::StrCat("user ", peer->uid, " has ", limit,
                             " open already, which is the limit (max_connections_per_user)")});
    return;
  }
  accepted_.fetch_add(1, std::memory_order_relaxed);
  handler_(peer->uid, fd);
}

// Without free descriptors, a pending connection can neither be accepted nor ignored: poll would
// report it for ever. The reserve makes room to accept it and to tell the client why it is closed.
void Acceptor::ShedOne() {
  refused_.fetch_add(1, std::memory_order_relaxed);
  spdlog::error("out of file descriptors: a connection is refused");
  if (reserve_fd_ >= 0) close(reserve_fd_);
  const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) Refuse(fd, {"TOO_MANY_CONNECTIONS", "tilewrightd has no file descriptor left"});
  reserve_fd_ = OpenReserve();
  if (reserve_fd_ < 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

void RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    spdlog::warn("the limit of open files cannot be raised: {}", std::strerror(errno));
  }
}

}  // namespace tilewright
