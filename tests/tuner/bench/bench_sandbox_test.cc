// What a bench worker can no longer do, each in a process of its own.
#include "tuner/bench/bench_sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <thread>

#include "gtest/gtest.h"

namespace tilewright {
namespace {

constexpr int kNoFilter = 250;

// The errno that `action` leaves in a process that has its filter; 0 where its result is not
// negative.
int ErrorInFilter(const std::function<long()>& action) {
  const pid_t child = fork();
  if (child == 0) {
    // As for a second problem that one worker opens.
    if (!FilterBenchWorker().ok() || !FilterBenchWorker().ok()) _exit(kNoFilter);
    errno = 0;
    _exit(action() < 0 ? errno : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  return WEXITSTATUS(status);
}

TEST(BenchSandboxTest, RefusesOtherProgramsProcessesAndMachines) {
  const auto refused = [](const std::function<long()>& action) {
    return ErrorInFilter(action) == EPERM;
  };
  EXPECT_TRUE(refused([] { return syscall(__NR_execve, "/bin/true", nullptr, nullptr); }));
  EXPECT_TRUE(refused([] { return syscall(__NR_ptrace, 16, getppid(), 0, 0); }));
  EXPECT_TRUE(
      refused([] { return syscall(__NR_process_vm_readv, getppid(), nullptr, 0, nullptr, 0, 0); }));
  EXPECT_TRUE(refused([] { return syscall(__NR_kill, getppid(), 0); }));
  EXPECT_TRUE(refused([] { return syscall(__NR_tgkill, getppid(), getppid(), 0); }));
  EXPECT_TRUE(refused([] { return syscall(__NR_pidfd_send_signal, 0, 0, nullptr, 0); }));
  EXPECT_TRUE(
      refused([] { return syscall(__NR_prlimit64, getppid(), RLIMIT_CPU, nullptr, nullptr); }));
  EXPECT_TRUE(refused([] { return syscall(__NR_io_uring_setup, 1, nullptr); }));
  EXPECT_TRUE(refused([] { return syscall(__NR_socket, AF_INET, SOCK_STREAM, 0); }));
  EXPECT_TRUE(refused([] { return syscall(__NR_socket, AF_INET6, SOCK_DGRAM, 0); }));
}

TEST(BenchSandboxTest, LeavesWhatADriverUses) {
  EXPECT_EQ(ErrorInFilter([] { return socket(AF_UNIX, SOCK_STREAM, 0); }), 0);
  EXPECT_EQ(ErrorInFilter([] { return open("/dev/null", O_RDWR | O_CLOEXEC); }), 0);
  EXPECT_EQ(ErrorInFilter([] { return kill(getpid(), 0); }), 0);
  EXPECT_EQ(ErrorInFilter([] {
              int done = 0;
              std::thread([&] { done = 1; }).join();
              return done - 1;
            }),
            0);
}

}  // namespace
}  // namespace tilewright
