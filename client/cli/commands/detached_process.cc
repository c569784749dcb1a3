#include "client/cli/commands/detached_process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright::cli {
namespace {

// Lets the daemon's user and group use its sockets and files, as the modes of its directories do.
constexpr mode_t kUmask = 027;
// The descriptor of the report's pipe when the child becomes the daemon. exec closes it.
constexpr int kReportFd = 3;

// All that the child needs. Made before the fork, because the child may only make system calls.
struct Plan {
  const char* program;
  char* const* arguments;
  char* const* environment;
  const char* log;
  int report;  // The child writes here why it failed. The number changes.
  int open_files;
};

void CloseFrom(int first, int open_files) {
  if (close_range(static_cast<unsigned>(first), ~0u, 0) == 0) return;
  // Linux before 5.9 has no close_range.
  for (int fd = first; fd < open_files; ++fd) close(fd);
}

int OpenFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, INT_MAX));
}

// Becomes the daemon. If that fails, returns the errno for `plan.report`.
int BecomeDaemon(Plan& plan) {
  if (setsid() < 0) return errno;
  umask(kUmask);
  const int input = open("/dev/null", O_RDONLY);
  const int log = open(plan.log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  if (input < 0 || log < 0) return errno;
  // Moves the descriptors out of the way first: one may have a number that another one needs below.
  const int high_report = fcntl(plan.report, F_DUPFD, 10);
  if (high_report < 0) return errno;
  plan.report = high_report;
  const int high_input = fcntl(input, F_DUPFD, 10);
  const int high_log = fcntl(log, F_DUPFD, 10);
  if (dup2(high_input, STDIN_FILENO) < 0 || dup2(high_log, STDOUT_FILENO) < 0 ||
      dup2(high_log, STDERR_FILENO) < 0 || dup2(high_report, kReportFd) < 0) {
    return errno;
  }
  plan.report = kReportFd;
  if (fcntl(kReportFd, F_SETFD, FD_CLOEXEC) != 0) return errno;
  CloseFrom(kReportFd + 1, plan.open_files);
  if (chdir("/") != 0) return errno;
  // The kernel ignores the CPUs that the container does not allow.
  cpu_set_t every_cpu;
  std::memset(&every_cpu, 0xff, sizeof(every_cpu));
  sched_setaffinity(0, sizeof(every_cpu), &every_cpu);
  // Not every user may raise the priority. If this fails, the daemon stays nice.
  setpriority(PRIO_PROCESS, 0, 0);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  if (sigprocmask(SIG_SETMASK, &none, nullptr) != 0) return errno;
  execve(plan.program, plan.arguments, plan.environment);
  return errno;
}

std::vector<char*> PointersTo(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

absl::Status StartError(const std::string& program, int error) {
  return MakeError(absl::StatusCode::kUnavailable, "DAEMON_FAILED",
                   absl::StrCat(program, " could not be started: ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<pid_t> StartDetached(const std::vector<std::string>& command,
                                    const std::vector<std::string>& environment,
                                    const std::string& log) {
  const std::vector<char*> arguments = PointersTo(command);
  const std::vector<char*> variables = PointersTo(environment);
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return StartError(command[0], errno);
  Plan plan{command[0].c_str(), arguments.data(), variables.data(),
            log.c_str(),        report[1],        OpenFileLimit()};
  const pid_t pid = fork();
  if (pid == 0) {
    const int error = BecomeDaemon(plan);
    [[maybe_unused]] const ssize_t written = write(plan.report, &error, sizeof(error));
    _exit(127);
  }
  const int fork_error = errno;
  close(report[1]);
  int error = 0;
  ssize_t count = 0;
  while (pid > 0 && (count = read(report[0], &error, sizeof(error))) < 0 && errno == EINTR) {
  }
  close(report[0]);
  if (pid < 0) return StartError(command[0], fork_error);
  if (count == 0) return pid;
  waitpid(pid, nullptr, 0);
  return StartError(command[0], error);
}

}  // namespace tilewright::cli
