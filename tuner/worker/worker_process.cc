#include "tuner/worker/worker_process.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tuner/worker/spawn.h"

namespace tilewright {
namespace {

std::string Describe(int wait_status) {
  if (WIFEXITED(wait_status)) return absl::StrCat("exited with ", WEXITSTATUS(wait_status));
  const int number = WTERMSIG(wait_status);
  const char* name = sigabbrev_np(number);
  return absl::StrCat("killed by signal ", number, name != nullptr ? " (SIG" : "",
                      name != nullptr ? name : "", name != nullptr ? ")" : "");
}

}  // namespace

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
  return WriteMessage(fd_, message, absl::Now() + kSendTimeout);
}

absl::Status WorkerProcess::Receive(absl::Time deadline, google::protobuf::MessageLite* message) {
  return ReadMessage(fd_, deadline, message);
}

std::string WorkerProcess::KillAndDescribe() {
  if (pid_ < 0) return ending_;
  // The group, so that what the worker started ends too; it leads one since before exec.
  kill(-pid_, SIGKILL);
  int wait_status = 0;
  pid_t reaped;
  do {
    reaped = waitpid(pid_, &wait_status, 0);
  } while (reaped < 0 && errno == EINTR);
  ending_ = reaped == pid_ ? Describe(wait_status) : absl::StrCat("lost: ", std::strerror(errno));
  pid_ = -1;
  return ending_;
}

}  // namespace tilewright
