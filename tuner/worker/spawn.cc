#include "tuner/worker/spawn.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <functional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "proto/support/unique_fd.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

// Everything that the child needs. It is prepared before the child exists, because between vfork
// and exec the child shares our memory and may only make system calls.
struct ChildPlan {
  const char* executable;
  char* const* arguments;
  char* const* environment;
  int socket;  // All three are at or above kFirstFreeFd, so that no dup2 hits another.
  int null_device;
  int standard_error;
  int open_file_limit;
  pid_t parent;
};

constexpr int kFirstFreeFd = 10;

void CloseFrom(int first, int limit) {
  if (close_range(static_cast<unsigned>(first), ~0u, 0) == 0) return;
  // Linux before 5.9 has no close_range.
  for (int fd = first; fd < limit; ++fd) close(fd);
}

// Runs in the child. Returns the error that stopped it.
int BecomeWorker(const ChildPlan& plan) {
  // The thread that starts workers lives as long as the process: see Spawner.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
  if (getppid() != plan.parent) return ESRCH;
  if (setpgid(0, 0) != 0) return errno;
  if (dup2(plan.null_device, STDIN_FILENO) < 0) return errno;
  if (dup2(plan.standard_error, STDOUT_FILENO) < 0) return errno;
  if (dup2(plan.standard_error, STDERR_FILENO) < 0) return errno;
  if (dup2(plan.socket, WorkerProcess::kWorkerFd) < 0) return errno;
  CloseFrom(WorkerProcess::kWorkerFd + 1, plan.open_file_limit);
  // The parent's handlers must not run here, because they would see the parent's memory.
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  if (sigprocmask(SIG_SETMASK, &none, nullptr) != 0) return errno;
  execve(plan.executable, plan.arguments, plan.environment);
  return errno;
}

// Uses vfork instead of fork: it copies no page tables of a large daemon and runs no atfork
// handlers of gRPC, and the error of a failed exec comes back in shared memory.
[[gnu::noinline]] pid_t ForkWorker(const ChildPlan& plan, volatile int* error) {
  const pid_t pid = vfork();
  if (pid == 0) {
    *error = BecomeWorker(plan);
    _exit(127);
  }
  if (pid < 0) *error = errno;
  return pid;
}

int OpenFileLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return limit.rlim_cur < INT_MAX ? static_cast<int>(limit.rlim_cur) : INT_MAX;
}

// Duplicates `fd` to a number that the child does not use. It closes on exec.
UniqueFd DuplicateHigh(int fd) { return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, kFirstFreeFd)); }

std::vector<char*> PointersTo(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

absl::StatusOr<pid_t> SpawnHere(const std::string& executable,
                                const std::vector<std::string>& arguments, int socket) {
  const std::string path = executable.empty() ? "/proc/self/exe" : executable;
  std::vector<std::string> words = {path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const std::vector<char*> argument_pointers = PointersTo(words);

  const UniqueFd null_device = DuplicateHigh(UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC)).get());
  const UniqueFd own_error = DuplicateHigh(STDERR_FILENO);
  const UniqueFd child_socket = DuplicateHigh(socket);
  if (null_device.get() < 0 || child_socket.get() < 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no file descriptors for a worker: ", std::strerror(errno)));
  }
  ChildPlan plan = {};
  plan.executable = path.c_str();
  plan.arguments = argument_pointers.data();
  plan.environment = environ;
  plan.socket = child_socket.get();
  plan.null_device = null_device.get();
  plan.standard_error = own_error.get() >= 0 ? own_error.get() : null_device.get();
  plan.open_file_limit = OpenFileLimit();
  plan.parent = getpid();

  volatile int error = 0;
  const pid_t pid = ForkWorker(plan, &error);
  if (pid < 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot start a worker: ", std::strerror(error)));
  }
  if (error != 0) {
    int ignored;
    while (waitpid(pid, &ignored, 0) < 0 && errno == EINTR) {
    }
    return absl::FailedPreconditionError(
        absl::StrCat("cannot run the worker ", path, ": ", std::strerror(error)));
  }
  return pid;
}

// The thread that starts all workers. PR_SET_PDEATHSIG fires when the *thread* that started a child
// ends, so a worker would die with a short-lived thread. This thread never ends. It blocks all
// signals.
class Spawner {
 public:
  static Spawner& Instance() {
    static Spawner* const spawner = new Spawner;
    return *spawner;
  }

  absl::StatusOr<pid_t> Spawn(const std::string& executable,
                              const std::vector<std::string>& arguments, int socket) {
    absl::StatusOr<pid_t> result = absl::InternalError("not started");
    bool done = false;
    absl::MutexLock caller(&turn_);
    absl::MutexLock lock(&mutex_);
    work_ = [&] {
      result = SpawnHere(executable, arguments, socket);
      done = true;
    };
    mutex_.Await(absl::Condition(&done));
    return result;
  }

 private:
  Spawner() {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { Run(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void Run() {
    absl::MutexLock lock(&mutex_);
    for (;;) {
      mutex_.Await(absl::Condition(
          +[](std::function<void()>* work) { return static_cast<bool>(*work); }, &work_));
      std::exchange(work_, nullptr)();
    }
  }

  absl::Mutex turn_;  // The caller that is being served holds it.
  absl::Mutex mutex_ ABSL_ACQUIRED_AFTER(turn_);
  std::function<void()> work_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<pid_t> SpawnWorker(const std::string& executable,
                                  const std::vector<std::string>& arguments, int socket) {
  return Spawner::Instance().Spawn(executable, arguments, socket);
}

}  // namespace tilewright
