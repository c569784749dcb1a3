// What a compile worker can no longer do, each in a process of its own.
#include "tuner/compile/compile_sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "tuner/worker/syscall_filter.h"

namespace tilewright {
namespace {

// Neither an error number nor 0.
constexpr int kNoFilter = 250;

// The errno that `action` leaves in a process that has entered the sandbox; 0 where its result is
// not negative.
int ErrorInSandbox(const std::function<long()>& action) {
  const pid_t child = fork();
  if (child == 0) {
    if (!EnterCompileSandbox(0).ok() || !FilterCompileWorker().ok()) _exit(kNoFilter);
    errno = 0;
    _exit(action() < 0 ? errno : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  return WEXITSTATUS(status);
}

struct Refused {
  const char* name;
  std::function<long()> call;
  int error = EPERM;
};

std::string NameOf(const ::testing::TestParamInfo<Refused>& test) { return test.param.name; }

class RefusedCallTest : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedCallTest, FailsInTheSandbox) {
  EXPECT_EQ(ErrorInSandbox(GetParam().call), GetParam().error);
}

long TryFork(long number) {
  const long child = syscall(number, 0, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  return child;
}

const char kFile[] = "/tmp/tilewright-sandbox-test";

INSTANTIATE_TEST_SUITE_P(
    Processes, RefusedCallTest,
    ::testing::Values(
        Refused{"execve", [] { return syscall(__NR_execve, "/bin/true", nullptr, nullptr); }},
        Refused{"execveat",
                [] { return syscall(__NR_execveat, AT_FDCWD, "/bin/true", nullptr, nullptr, 0); }},
#ifdef __NR_fork
        Refused{"fork", [] { return TryFork(__NR_fork); }},
        Refused{"vfork", [] { return static_cast<long>(vfork()); }},
#endif
        Refused{"clone", [] { return syscall(__NR_clone, SIGCHLD, 0, 0, 0, 0); }},
        Refused{"clone3", [] { return syscall(__NR_clone3, nullptr, 0); }, ENOSYS},
        Refused{"unshare", [] { return syscall(__NR_unshare, CLONE_NEWUSER); }},
        Refused{"ptrace", [] { return syscall(__NR_ptrace, 16, getppid(), 0, 0); }},
        Refused{
            "process_vm_readv",
            [] { return syscall(__NR_process_vm_readv, getppid(), nullptr, 0, nullptr, 0, 0); }},
        Refused{
            "process_vm_writev",
            [] { return syscall(__NR_process_vm_writev, getppid(), nullptr, 0, nullptr, 0, 0); }},
        Refused{"kill", [] { return syscall(__NR_kill, getppid(), 0); }},
        Refused{"kill_group", [] { return syscall(__NR_kill, 0, 0); }},
        Refused{"tgkill", [] { return syscall(__NR_tgkill, getppid(), getppid(), 0); }},
        Refused{"tkill", [] { return syscall(__NR_tkill, getppid(), 0); }},
        Refused{"sigqueue", [] { return syscall(__NR_rt_sigqueueinfo, getppid(), 0, nullptr); }},
        Refused{"pidfd_send_signal",
                [] { return syscall(__NR_pidfd_send_signal, 0, 0, nullptr, 0); }},
        Refused{"prlimit_of_another",
                [] { return syscall(__NR_prlimit64, getppid(), RLIMIT_CPU, nullptr, nullptr); }},
        Refused{"setpriority",
                [] { return syscall(__NR_setpriority, PRIO_PROCESS, getppid(), 19); }},
        Refused{"io_uring", [] { return syscall(__NR_io_uring_setup, 1, nullptr); }},
        Refused{"shared_memory", [] { return syscall(__NR_shmget, 0, 4096, 01600); }},
        Refused{"keys", [] { return syscall(__NR_keyctl, 0, 0); }},
        Refused{"clock_settime", [] { return syscall(__NR_clock_settime, 0, nullptr); }},
        Refused{"mount", [] { return syscall(__NR_mount, nullptr, nullptr, nullptr, 0, nullptr); }},
        Refused{"open_by_handle_at", [] { return syscall(__NR_open_by_handle_at, 0, nullptr, 0); }},
        Refused{"bpf", [] { return syscall(__NR_bpf, 0, nullptr, 0); }}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Network, RefusedCallTest,
    ::testing::Values(
        Refused{"socket", [] { return syscall(__NR_socket, AF_INET, SOCK_STREAM, 0); }},
        Refused{"local_socket", [] { return syscall(__NR_socket, AF_UNIX, SOCK_STREAM, 0); }},
        Refused{"connect", [] { return syscall(__NR_connect, 0, nullptr, 0); }}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Files, RefusedCallTest,
    ::testing::Values(
        Refused{"create",
                [] { return syscall(__NR_openat, AT_FDCWD, kFile, O_CREAT | O_WRONLY, 0600); }},
        Refused{"write", [] { return syscall(__NR_openat, AT_FDCWD, "/dev/null", O_WRONLY); }},
        Refused{"read_and_write",
                [] { return syscall(__NR_openat, AT_FDCWD, "/dev/null", O_RDWR); }},
        Refused{"truncate_on_open",
                [] { return syscall(__NR_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_TRUNC); }},
        Refused{"openat2", [] { return syscall(__NR_openat2, AT_FDCWD, "/", nullptr, 0); }, ENOSYS},
#ifdef __NR_open
        Refused{"old_open", [] { return syscall(__NR_open, "/dev/null", O_WRONLY); }},
        Refused{"unlink", [] { return syscall(__NR_unlink, kFile); }},
        Refused{"rename", [] { return syscall(__NR_rename, kFile, kFile); }},
        Refused{"mkdir", [] { return syscall(__NR_mkdir, kFile, 0700); }},
        Refused{"rmdir", [] { return syscall(__NR_rmdir, kFile); }},
        Refused{"link", [] { return syscall(__NR_link, kFile, kFile); }},
        Refused{"symlink", [] { return syscall(__NR_symlink, kFile, kFile); }},
        Refused{"chmod", [] { return syscall(__NR_chmod, kFile, 0600); }},
        Refused{"chown", [] { return syscall(__NR_chown, kFile, -1, -1); }},
#endif
        Refused{"unlinkat", [] { return syscall(__NR_unlinkat, AT_FDCWD, kFile, 0); }},
        Refused{"renameat2",
                [] { return syscall(__NR_renameat2, AT_FDCWD, kFile, AT_FDCWD, kFile, 0); }},
        Refused{"mkdirat", [] { return syscall(__NR_mkdirat, AT_FDCWD, kFile, 0700); }},
        Refused{"linkat", [] { return syscall(__NR_linkat, AT_FDCWD, kFile, AT_FDCWD, kFile, 0); }},
        Refused{"symlinkat", [] { return syscall(__NR_symlinkat, kFile, AT_FDCWD, kFile); }},
        Refused{"fchmod", [] { return syscall(__NR_fchmod, 0, 0600); }},
        Refused{"fchmodat", [] { return syscall(__NR_fchmodat, AT_FDCWD, kFile, 0600); }},
        Refused{"fchownat", [] { return syscall(__NR_fchownat, AT_FDCWD, kFile, -1, -1, 0); }},
        Refused{"truncate", [] { return syscall(__NR_truncate, kFile, 0); }},
        Refused{"fchmodat2_of_later_kernels", [] { return syscall(452, AT_FDCWD, kFile, 0600, 0); },
                ENOSYS}),
    NameOf);

#ifdef __x86_64__
TEST(CompileSandboxTest, TheOtherNumbersOfX86ReachNothing) {
  constexpr long kX32 = 0x40000000;
  EXPECT_EQ(ErrorInSandbox([] { return syscall(kX32 + __NR_getpid); }), ENOSYS);
  EXPECT_EQ(ErrorInSandbox([] { return syscall(kX32 + __NR_openat, AT_FDCWD, "/", O_WRONLY); }),
            ENOSYS);
}
#endif

TEST(CompileSandboxTest, LeavesWhatACompileNeeds) {
  EXPECT_EQ(ErrorInSandbox([] {
              int done = 0;
              std::thread([&] { done = 1; }).join();
              return done - 1;
            }),
            0);
  EXPECT_EQ(ErrorInSandbox([] { return open("/proc/self/status", O_RDONLY | O_CLOEXEC); }), 0);
  EXPECT_EQ(ErrorInSandbox([] { return kill(getpid(), 0); }), 0);
  EXPECT_EQ(ErrorInSandbox([] {
              rlimit limit;
              return getrlimit(RLIMIT_CPU, &limit);
            }),
            0);
}

TEST(CompileSandboxTest, AbortStillEndsTheProcess) {
  const pid_t child = fork();
  if (child == 0) {
    if (!EnterCompileSandbox(0).ok() || !FilterCompileWorker().ok()) _exit(kNoFilter);
    signal(SIGABRT, SIG_DFL);  // A sanitizer has a handler.
    std::abort();
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) << status;
}

TEST(CompileSandboxTest, NamesTheCallsThatItRefused) {
  EXPECT_EQ(ErrorInSandbox([] {
              if (!RefusedCalls().empty()) return -1L;
              syscall(__NR_socket, AF_INET, SOCK_STREAM, 0);
              syscall(__NR_unlinkat, AT_FDCWD, kFile, 0);
              syscall(__NR_socket, AF_INET, SOCK_STREAM, 0);
              const std::string expected = std::to_string(__NR_socket) + " (socket), " +
                                           std::to_string(__NR_unlinkat) + " (unlinkat)";
              return RefusedCalls() == expected ? 0L : -1L;
            }),
            0);
}

}  // namespace
}  // namespace tilewright
