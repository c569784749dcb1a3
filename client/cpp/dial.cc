#include "client/cpp/dial.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/cpp/daemon_identity.h"
#include "proto/support/errors.h"
#include "proto/support/refusal.h"
#include "proto/support/socket_path.h"
#include "proto/support/unique_fd.h"
#include "tilewright/paths.h"

namespace tilewright {
namespace {

using std::chrono::milliseconds;

// A greeting has some 50 bytes, a refusal a few hundred.
constexpr size_t kGreetingBytes = 4096;
constexpr absl::Duration kFirstPause = absl::Milliseconds(10);
constexpr absl::Duration kLongestPause = absl::Milliseconds(100);
// Even on a loaded machine a daemon greets within this time.
constexpr absl::Duration kTimeToGreet = absl::Milliseconds(250);

absl::Status Unavailable(std::string_view reason, const std::string& path,
                         const std::string& message) {
  return MakeError(absl::StatusCode::kUnavailable, reason, message, {{"socket", path}});
}

absl::Status ConnectError(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Unavailable("DAEMON_UNREACHABLE", path,
                         absl::StrCat("no tilewrightd answers at ", path, ": nothing is there"));
    case ECONNREFUSED:
      return Unavailable("DAEMON_UNREACHABLE", path,
                         absl::StrCat("no tilewrightd answers at ", path,
                                      ": the daemon that made this socket has ended"));
    case EACCES:
    case EPERM:
      return MakeError(
          absl::StatusCode::kPermissionDenied, "SOCKET_NOT_PERMITTED",
          absl::StrCat(path,
                       ": its permissions, or those of a folder above it, keep this user out: join "
                       "the group of the user who runs tilewrightd, or run a daemon of your own"),
          {{"socket", path}});
    default:
      return Unavailable(
          "DAEMON_UNREACHABLE", path,
          absl::StrCat("no tilewrightd answers at ", path, ": ", std::strerror(error)));
  }
}

// Returns the state letter of a process, as ps shows it, or 0 if it cannot be read.
char StateOf(int pid) {
  std::ifstream in(absl::StrCat("/proc/", pid, "/stat"));
  std::string line;
  if (pid <= 0 || !std::getline(in, line)) return 0;
  // The name before the state is in parentheses and may hold any byte.
  const size_t end = line.rfind(") ");
  return end == std::string::npos || end + 2 >= line.size() ? 0 : line[end + 2];
}

absl::Status Frozen(const std::string& path, int pid) {
  std::string message = "tilewrightd";
  if (pid > 0) absl::StrAppend(&message, " (process ", pid, ")");
  absl::StrAppend(&message, " at ", path, " is frozen: it accepts connections and does not answer");
  const char state = StateOf(pid);
  if (state == 'T' || state == 't') {
    absl::StrAppend(&message, "; it was stopped; `kill -CONT ", pid, "` lets it continue");
  } else if (state == 'D') {
    absl::StrAppend(&message, "; it waits for a disk");
  } else {
    absl::StrAppend(&message, "; it hangs, or the machine is overloaded");
  }
  return Unavailable("DAEMON_FROZEN", path, message);
}

int PollTime(SteadyTime deadline) {
  return static_cast<int>(std::clamp<int64_t>(TimeUntil(deadline).count(), 0, 1 << 30));
}

// Connects a non-blocking socket. Tries again while the queue of waiting connections is full.
int ConnectWithin(int fd, const std::string& path, SteadyTime deadline,
                  const std::stop_token& stop) {
  const sockaddr_un address = SocketAddress(path);
  while (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN || SteadyTime::Now() >= deadline) return errno;
    if (stop.stop_requested()) return ECANCELED;
    absl::SleepFor(std::min(kFirstPause, deadline - SteadyTime::Now()));
  }
  return 0;
}

absl::Status RefusalError(const std::string& path, const Refusal& refusal) {
  const auto code = refusal.reason == "USER_NOT_PERMITTED" ? absl::StatusCode::kPermissionDenied
                                                           : absl::StatusCode::kResourceExhausted;
  return MakeError(
      code, refusal.reason,
      absl::StrCat("tilewrightd at ", path, " refused the connection: ", refusal.message),
      {{"socket", path}});
}

absl::Status Closed(const std::string& path) {
  return Unavailable("CONNECTION_CLOSED", path,
                     absl::StrCat("tilewrightd at ", path,
                                  " closed the connection without an answer: it is ending, or it "
                                  "is an earlier version that refuses this user"));
}

absl::Status Stopped() { return absl::CancelledError("the wait for tilewrightd was stopped"); }

// Waits for the first bytes. Leaves them on the connection for its HTTP/2 reader.
absl::Status AwaitGreeting(int fd, const std::string& path, SteadyTime deadline,
                           const std::stop_token& stop) {
  while (true) {
    if (stop.stop_requested()) return Stopped();
    const SteadyTime look =
        stop.stop_possible() ? std::min(deadline, SteadyTime::Now() + kLongestPause) : deadline;
    pollfd wait{fd, POLLIN, 0};
    const int ready = poll(&wait, 1, PollTime(look));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0 && look < deadline) continue;
    if (ready == 0) return Frozen(path, PeerProcess(fd));
    char bytes[kGreetingBytes];
    const ssize_t count = recv(fd, bytes, sizeof(bytes), MSG_PEEK);
    if (count <= 0) return Closed(path);
    Refusal refusal;
    switch (ReadGreeting({bytes, static_cast<size_t>(count)}, refusal)) {
      case Greeting::kServes:
        return absl::OkStatus();
      case Greeting::kRefuses:
        return RefusalError(path, refusal);
      case Greeting::kForeign:
        return Unavailable(
            "NOT_TILEWRIGHTD", path,
            absl::StrCat("the program that listens at ", path, " is not tilewrightd"));
      case Greeting::kTooShort:
        if (SteadyTime::Now() >= deadline) return Frozen(path, PeerProcess(fd));
        absl::SleepFor(absl::Milliseconds(1));
    }
  }
}

bool WaitingMayHelp(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason == "DAEMON_UNREACHABLE" || reason == "CONNECTION_CLOSED" ||
         reason == "TOO_MANY_CONNECTIONS";
}

}  // namespace

SteadyTime DeadlineAfter(milliseconds timeout) {
  constexpr milliseconds kLongest = std::chrono::hours(24 * 3650);
  return SteadyTime::Now() + absl::FromChrono(std::clamp(timeout, milliseconds(0), kLongest));
}

milliseconds TimeUntil(SteadyTime deadline) {
  return absl::ToChronoMilliseconds(
      absl::Ceil(deadline - SteadyTime::Now(), absl::Milliseconds(1)));
}

absl::Status CheckDaemonSocket(const std::string& path) {
  if (path.empty() || path == SocketPathIn("")) {
    return InvalidField("socket", "SOCKET_UNKNOWN",
                        "no socket is given, and neither TILEWRIGHT_SOCKET nor HOME is set");
  }
  return CheckSocketPath(path);
}

absl::StatusOr<int> Dial(const std::string& path, SteadyTime deadline,
                         std::optional<uid_t> daemon_user, const std::stop_token& stop) {
  if (absl::Status status = CheckDaemonSocket(path); !status.ok()) return status;
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) {
    return MakeError(absl::StatusCode::kResourceExhausted, "NO_DESCRIPTOR",
                     absl::StrCat("cannot make a socket: ", std::strerror(errno)));
  }
  const int error = ConnectWithin(fd.get(), path, deadline, stop);
  if (error == ECANCELED) return Stopped();
  if (error == EAGAIN) return Frozen(path, 0);
  if (error != 0) return ConnectError(path, error);
  // Checks the user before it reads anything from the daemon.
  if (absl::Status status = CheckDaemonUser(fd.get(), path, daemon_user); !status.ok()) {
    return status;
  }
  if (absl::Status status = AwaitGreeting(fd.get(), path, deadline, stop); !status.ok()) {
    return status;
  }
  return fd.Release();
}

absl::StatusOr<int> DialUntil(const std::string& path, SteadyTime deadline,
                              std::optional<uid_t> daemon_user, const std::stop_token& stop) {
  absl::Status found;
  for (absl::Duration pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    const SteadyTime began = SteadyTime::Now();
    absl::StatusOr<int> fd = Dial(path, deadline, daemon_user, stop);
    if (fd.ok()) return fd;
    if (absl::IsCancelled(fd.status())) return found.ok() ? fd.status() : found;
    found = MoreTelling(found, fd.status(), deadline - began);
    if (!WaitingMayHelp(found)) return found;
    const absl::Duration left = deadline - SteadyTime::Now();
    if (left <= absl::ZeroDuration() || stop.stop_requested()) return found;
    absl::SleepFor(std::min(pause, left));
  }
}

absl::Status MoreTelling(const absl::Status& earlier, const absl::Status& last,
                         absl::Duration time) {
  const bool hasty = time < kTimeToGreet && ReasonOf(last) == "DAEMON_FROZEN";
  return hasty && !earlier.ok() ? earlier : last;
}

int PeerProcess(int fd) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

}  // namespace tilewright
