#include "tuner/compile/compile_sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "proto/support/status_macros.h"
#include "tuner/worker/syscall_filter.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

// Compiles yield to interactive work and to the ranks that train on this machine.
constexpr int kNiceness = 10;

std::int64_t memory_limit = 0;
std::array<char, 64 << 10> alternate_stack;

// Returns the bytes of a line such as "VmPeak:  1234 kB" in /proc/self/status.
std::int64_t StatusBytes(std::string_view name) {
  std::array<char, 4096> text;
  const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t size = read(fd, text.data(), text.size());
  close(fd);
  std::string_view status(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t line = status.find(name);
  if (line == std::string_view::npos) return 0;
  status.remove_prefix(line + name.size());
  std::int64_t kilobytes = 0;
  for (const char c : status) {
    if (c >= '0' && c <= '9') kilobytes = kilobytes * 10 + (c - '0');
    if (c == '\n') break;
  }
  return kilobytes << 10;
}

// A compiler that gets no more memory usually crashes, and the signal does not say why. If it used
// three quarters of its limit, we assume that it ran out of memory.
void OnCrash(int signal_number) {
  if (PeakAddressSpaceBytes() >= memory_limit / 4 * 3) _exit(kOutOfMemoryExit);
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

void CatchCrashes() {
  stack_t stack = {};
  stack.ss_sp = alternate_stack.data();
  stack.ss_size = alternate_stack.size();
  sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_handler = OnCrash;
  action.sa_flags = SA_ONSTACK;
  for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE}) {
    sigaction(number, &action, nullptr);
  }
}

// Calls that later Linux versions add are hidden, because nobody has checked them here. The number
// is the same on every architecture.
constexpr long kFirstUnknownCall = 452;

void RefuseAll(SyscallFilter& filter, std::initializer_list<long> numbers) {
  for (const long number : numbers) filter.Refuse(number);
}

// Refuses the calls that write or change files of others. A compile needs none of them.
void RefuseFiles(SyscallFilter& filter) {
  constexpr std::uint32_t kWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
  filter.RefuseWithBits(__NR_openat, 2, kWriting);
#ifdef __NR_openat2
  filter.Hide(__NR_openat2);  // Its flags are in memory, which a filter cannot read.
#endif
#ifdef __NR_open  // Architectures since 2012 only have the calls whose names end in "at".
  filter.RefuseWithBits(__NR_open, 1, kWriting);
  RefuseAll(filter, {__NR_creat, __NR_unlink, __NR_rename, __NR_mkdir, __NR_rmdir, __NR_link,
                     __NR_symlink, __NR_mknod, __NR_chmod, __NR_chown, __NR_lchown, __NR_utime,
                     __NR_utimes, __NR_futimesat});
#endif
#ifdef __NR_renameat
  filter.Refuse(__NR_renameat);
#endif
  RefuseAll(filter,
            {__NR_unlinkat,  __NR_renameat2,   __NR_mkdirat,      __NR_linkat,       __NR_symlinkat,
             __NR_mknodat,   __NR_fchmod,      __NR_fchmodat,     __NR_fchown,       __NR_fchownat,
             __NR_truncate,  __NR_ftruncate,   __NR_utimensat,    __NR_setxattr,     __NR_lsetxattr,
             __NR_fsetxattr, __NR_removexattr, __NR_lremovexattr, __NR_fremovexattr, __NR_mq_open,
             __NR_mq_unlink});
}

void RefuseProcesses(SyscallFilter& filter) {
  RefuseOtherProcesses(filter);
#ifdef __NR_fork
  filter.Refuse(__NR_fork);
  filter.Refuse(__NR_vfork);
#endif
  // The same call makes threads and processes.
  filter.RefuseWithoutBits(__NR_clone, 0, CLONE_THREAD);
#ifdef __NR_clone3
  filter.Hide(__NR_clone3);  // Its flags are in memory. The C library falls back to clone.
#endif
  RefuseAll(filter, {__NR_unshare, __NR_setns, __NR_setpriority, __NR_perf_event_open});
  // All processes of a user share this memory and these queues.
  RefuseAll(filter, {__NR_shmget, __NR_shmat, __NR_shmctl, __NR_semget, __NR_semctl, __NR_semop,
                     __NR_msgget, __NR_msgsnd, __NR_msgrcv, __NR_msgctl});
}

// Refuses calls that only root can use. A daemon of root must not give them away.
void RefuseAdministration(SyscallFilter& filter) {
  RefuseAll(filter,
            {__NR_mount,         __NR_umount2,       __NR_pivot_root,        __NR_chroot,
             __NR_init_module,   __NR_finit_module,  __NR_delete_module,     __NR_kexec_load,
             __NR_reboot,        __NR_swapon,        __NR_swapoff,           __NR_settimeofday,
             __NR_clock_settime, __NR_clock_adjtime, __NR_adjtimex,          __NR_sethostname,
             __NR_setdomainname, __NR_acct,          __NR_open_by_handle_at, __NR_add_key,
             __NR_request_key,   __NR_keyctl});
#ifdef __NR_open_tree
  RefuseAll(filter, {__NR_open_tree, __NR_move_mount, __NR_fsopen, __NR_fsconfig, __NR_fsmount,
                     __NR_fspick});
#endif
}

void RefuseNetwork(SyscallFilter& filter) {
  RefuseAll(filter, {__NR_socket, __NR_connect, __NR_bind, __NR_listen, __NR_accept4});
}

}  // namespace

std::int64_t PeakAddressSpaceBytes() { return StatusBytes("VmPeak:"); }

std::int64_t AddressSpaceBytes() { return StatusBytes("VmSize:"); }

absl::Status EnterCompileSandbox(std::int64_t memory_limit_bytes) {
  setpriority(PRIO_PROCESS, 0, kNiceness);
  // Sources include only embedded headers, so no other file may be found.
  if (chdir("/") != 0) return absl::InternalError(std::strerror(errno));
  RETURN_IF_ERROR(ApplyLimits({.address_space_bytes = memory_limit_bytes, .file_size_bytes = 0}));
  if (kLimitsAddressSpace && memory_limit_bytes > 0) {
    memory_limit = memory_limit_bytes;
    CatchCrashes();
  }
  return absl::OkStatus();
}

absl::Status FilterCompileWorker() {
  SyscallFilter filter(SyscallFilter::Answer::kTrap);
  filter.HideFrom(kFirstUnknownCall);
  RefuseFiles(filter);
  RefuseProcesses(filter);
  RefuseNetwork(filter);
  RefuseAdministration(filter);
  NoteRefusedCalls();
  RETURN_IF_ERROR(filter.Install());
  // Tests the filter: without it, this call fails with another error.
  if (syscall(__NR_execve, "/", nullptr, nullptr) != -1 || errno != EPERM ||
      RefusedCalls().empty()) {
    return absl::UnavailableError("the system call filter has no effect on this system");
  }
  ForgetRefusedCalls();
  return absl::OkStatus();
}

}  // namespace tilewright
