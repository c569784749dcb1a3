#include "tuner/worker/worker_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"
#include "tuner/worker/spawn.h"

namespace tilewright {
namespace {

// Tells if a process brings the signal upon itself. Somebody else sends all other signals.
bool IsOwnSignal(int number) {
  switch (number) {
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGSEGV:
    case SIGSYS:
    case SIGTRAP:
    case SIGXCPU:
    case SIGXFSZ:
      return true;
    default:
      return false;
  }
}

// A worker exits with 0 if its connection was closed.
bool IsOwnEnding(int wait_status) {
  if (!WIFEXITED(wait_status)) return IsOwnSignal(WTERMSIG(wait_status));
  return WEXITSTATUS(wait_status) != 0 && WEXITSTATUS(wait_status) != kUnableExit;
}

std::string Describe(int wait_status) {
  if (WIFEXITED(wait_status)) return absl::StrCat("exited with ", WEXITSTATUS(wait_status));
  const int number = WTERMSIG(wait_status);
  const char* name = sigabbrev_np(number);
  return absl::StrCat("killed by signal ", number, name != nullptr ? " (SIG" : "",
                      name != nullptr ? name : "", name != nullptr ? ")" : "");
}

// If `hard` is false, keeps the hard limit, so that the soft one can be raised again.
absl::Status SetLimit(__rlimit_resource resource, const char* name, rlim_t value, bool hard) {
  rlimit limit;
  if (getrlimit(resource, &limit) != 0) {
    return absl::InternalError(absl::StrCat("getrlimit ", name, ": ", std::strerror(errno)));
  }
  // A stricter limit from outside stays.
  limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
  if (hard) limit.rlim_max = limit.rlim_cur;
  if (setrlimit(resource, &limit) != 0) {
    return absl::InternalError(absl::StrCat("setrlimit ", name, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

// RLIMIT_CPU counts from the start of the process, so the time used so far must be added to it.
rlim_t CpuSecondsUsed() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<rlim_t>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + 1);
}

constexpr std::size_t kHeaderBytes = 4;
// The buffer grows by at most this much at a time, so a false length cannot take much memory.
constexpr std::size_t kReadChunkBytes = 4u << 20;

absl::Status SocketError(const char* what, int error) {
  const std::string message = absl::StrCat(what, ": ", std::strerror(error));
  if (error == EPIPE || error == ECONNRESET) return absl::UnavailableError(message);
  return absl::InternalError(message);
}

// The time between two calls of `check`.
constexpr absl::Duration kCheckInterval = absl::Milliseconds(100);

// How long to wait for the other process.
struct Patience {
  SteadyTime deadline;
  const WaitCheck& check;
};

// For poll, which takes at most 2^31-1 ms. Rounds up, so that the last wait does not spin.
int ToPollTimeout(absl::Duration wait) {
  if (wait == absl::InfiniteDuration()) return -1;
  const std::int64_t ms = absl::ToInt64Milliseconds(wait) + (wait > absl::ZeroDuration());
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, 1 << 30));
}

// Waits until `fd` is ready for `events`.
absl::Status WaitFor(int fd, short events, const Patience& patience) {
  for (;;) {
    const absl::Duration left = patience.deadline - SteadyTime::Now();
    pollfd entry = {fd, events, 0};
    const int ready =
        poll(&entry, 1, ToPollTimeout(patience.check ? std::min(left, kCheckInterval) : left));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return SocketError("poll", errno);
    if (patience.check) RETURN_IF_ERROR(patience.check());
    if (ready == 0 && SteadyTime::Now() >= patience.deadline) {
      return absl::DeadlineExceededError("no answer from the other process in time");
    }
  }
}

absl::Status WriteAll(int fd, const char* bytes, std::size_t count, const Patience& patience) {
  while (count > 0) {
    const ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes += sent;
      count -= static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      RETURN_IF_ERROR(WaitFor(fd, POLLOUT, patience));
    } else if (errno != EINTR) {
      return SocketError("writing to the other process", errno);
    }
  }
  return absl::OkStatus();
}

absl::Status ReadAll(int fd, char* bytes, std::size_t count, const Patience& patience) {
  while (count > 0) {
    const ssize_t received = recv(fd, bytes, count, MSG_DONTWAIT);
    if (received > 0) {
      bytes += received;
      count -= static_cast<std::size_t>(received);
    } else if (received == 0) {
      return absl::UnavailableError("the other process closed the connection");
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      RETURN_IF_ERROR(WaitFor(fd, POLLIN, patience));
    } else if (errno != EINTR) {
      return SocketError("reading from the other process", errno);
    }
  }
  return absl::OkStatus();
}

absl::Status TooLarge(std::size_t bytes) {
  return absl::ResourceExhaustedError(absl::StrCat(
      "a worker message of ", bytes, " bytes is above the limit of ", kMaxWorkerMessageBytes));
}

}  // namespace

absl::Status WorkerLost(const std::string& message) {
  return MakeError(absl::StatusCode::kUnavailable, "WORKER_LOST", message);
}

bool IsWorkerLost(const absl::Status& status) { return ReasonOf(status) == "WORKER_LOST"; }

absl::StatusOr<std::unique_ptr<WorkerProcess>> WorkerProcess::Start(
    const std::string& executable, std::vector<std::string> arguments) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("socketpair for a worker: ", std::strerror(errno)));
  }
  const absl::StatusOr<pid_t> pid = SpawnWorker(executable, arguments, ends[1]);
  close(ends[1]);
  if (!pid.ok()) {
    close(ends[0]);
    return pid.status();
  }
  return std::unique_ptr<WorkerProcess>(new WorkerProcess(*pid, ends[0]));
}

WorkerProcess::~WorkerProcess() {
  KillAndDescribe();
  close(fd_);
}

absl::Status WorkerProcess::Send(const google::protobuf::Message& message) {
  return WriteMessage(fd_, message, SteadyTime::Now() + kSendTimeout,
                      [this] { return CheckRuns(); });
}

absl::Status WorkerProcess::Receive(SteadyTime deadline, google::protobuf::MessageLite* message,
                                    const WaitCheck& check) {
  return ReadMessage(fd_, deadline, message, [this, &check] {
    const absl::Status runs = CheckRuns();
    return runs.ok() && check ? check() : runs;
  });
}

bool WorkerProcess::IsStopped() const {
  siginfo_t info = {};
  // With WNOWAIT the answer stays the same as long as the worker is stopped.
  return pid_ > 0 && waitid(P_PID, pid_, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

absl::Status WorkerProcess::CheckRuns() const {
  return IsStopped() ? absl::UnavailableError("the worker was stopped") : absl::OkStatus();
}

std::string WorkerProcess::KillAndDescribe() {
  if (pid_ < 0) return ending_;
  const bool was_stopped = IsStopped();
  // The worker has led this group since before exec, so all that it started ends too.
  kill(-pid_, SIGKILL);
  int wait_status = 0;
  pid_t reaped;
  do {
    reaped = waitpid(pid_, &wait_status, 0);
  } while (reaped < 0 && errno == EINTR);
  if (was_stopped) {
    ending_ = "was stopped by a signal";
  } else if (reaped == pid_) {
    ending_ = Describe(wait_status);
    ended_by_itself_ = IsOwnEnding(wait_status);
  } else {
    ending_ = absl::StrCat("lost: ", std::strerror(errno));
  }
  pid_ = -1;
  return ending_;
}

absl::Status ApplyLimits(const WorkerLimits& limits) {
  RETURN_IF_ERROR(SetLimit(RLIMIT_CORE, "RLIMIT_CORE", 0, /*hard=*/true));
  if (limits.cpu_seconds > 0) {
    const rlim_t until = CpuSecondsUsed() + static_cast<rlim_t>(limits.cpu_seconds);
    RETURN_IF_ERROR(SetLimit(RLIMIT_CPU, "RLIMIT_CPU", until, /*hard=*/false));
  }
  if (kLimitsAddressSpace && limits.address_space_bytes > 0) {
    RETURN_IF_ERROR(SetLimit(RLIMIT_AS, "RLIMIT_AS",
                             static_cast<rlim_t>(limits.address_space_bytes), /*hard=*/true));
  }
  if (limits.file_size_bytes >= 0) {
    // If standard error is a file, a log line must fail, not kill the process.
    signal(SIGXFSZ, SIG_IGN);
    RETURN_IF_ERROR(SetLimit(RLIMIT_FSIZE, "RLIMIT_FSIZE",
                             static_cast<rlim_t>(limits.file_size_bytes), /*hard=*/true));
  }
  return absl::OkStatus();
}

absl::Status WriteMessage(int fd, const google::protobuf::Message& message, SteadyTime deadline,
                          const WaitCheck& check) {
  // A path or a text of a compiler or a driver may hold any byte. One such text would make the
  // whole message unreadable to the other process.
  if (!CheckUtf8(message).ok()) {
    const std::unique_ptr<google::protobuf::Message> escaped(message.New());
    escaped->CopyFrom(message);
    MakeUtf8(*escaped);
    return WriteMessage(fd, *escaped, deadline, check);
  }
  const std::size_t size = message.ByteSizeLong();
  if (size > kMaxWorkerMessageBytes) return TooLarge(size);
  std::string frame(kHeaderBytes + size, '\0');
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    frame[i] = static_cast<char>(size >> (8 * i) & 0xff);
  }
  if (!message.SerializeToArray(frame.data() + kHeaderBytes, static_cast<int>(size))) {
    return absl::InternalError("a worker message cannot be serialized");
  }
  return WriteAll(fd, frame.data(), frame.size(), {deadline, check});
}

absl::Status ReadMessage(int fd, SteadyTime deadline, google::protobuf::MessageLite* message,
                         const WaitCheck& check) {
  const Patience patience = {deadline, check};
  std::array<char, kHeaderBytes> header;
  RETURN_IF_ERROR(ReadAll(fd, header.data(), header.size(), patience));
  std::size_t size = 0;
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    size |= std::size_t{static_cast<unsigned char>(header[i])} << (8 * i);
  }
  if (size > kMaxWorkerMessageBytes) return TooLarge(size);
  std::string body;
  while (body.size() < size) {
    const std::size_t begin = body.size();
    body.resize(std::min(size, begin + kReadChunkBytes));
    RETURN_IF_ERROR(ReadAll(fd, body.data() + begin, body.size() - begin, patience));
  }
  if (!message->ParseFromString(body)) {
    return absl::DataLossError("the other process sent bytes that are not a message");
  }
  return absl::OkStatus();
}

}  // namespace tilewright
