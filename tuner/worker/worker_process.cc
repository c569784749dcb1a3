#include "tuner/worker/worker_process.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "tuner/worker/spawn.h"

namespace tilewright {
namespace {

// Signals that a process brings upon itself. All others are sent by somebody.
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

// An exit with 0 is how a worker ends when its conversation was closed.
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
  // WNOWAIT: the answer is the same as long as it is stopped.
  return pid_ > 0 && waitid(P_PID, pid_, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

absl::Status WorkerProcess::CheckRuns() const {
  return IsStopped() ? absl::UnavailableError("the worker was stopped") : absl::OkStatus();
}

std::string WorkerProcess::KillAndDescribe() {
  if (pid_ < 0) return ending_;
  const bool was_stopped = IsStopped();
  // The group, so that what the worker started ends too; it leads one since before exec.
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

}  // namespace tilewright
