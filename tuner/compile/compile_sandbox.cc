#include "tuner/compile/compile_sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "proto/support/status_macros.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

// Above interactive work and the ranks that train on this machine.
constexpr int kNiceness = 10;

std::int64_t memory_limit = 0;
std::array<char, 64 << 10> alternate_stack;

// The kilobytes of a line such as "VmPeak:  1234 kB" in /proc/self/status.
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

// A compiler that is refused memory mostly crashes, and the signal does not say why. One
// that had used three quarters of its limit is taken to have run out of it.
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

#if defined(__x86_64__)
constexpr std::uint32_t kAuditArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kAuditArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "Name the audit architecture of this processor."
#endif

// System calls that a compile has no use for: EPERM. A defence behind the fixed options and
// the file size limit, so a kernel that refuses the filter is no error.
void ForbidNetworkAndPrograms() {
  constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
  const auto refuse = [](std::uint32_t number) {
    return std::array<sock_filter, 2>{sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
                                      sock_filter BPF_STMT(BPF_RET | BPF_K, kRefuse)};
  };
  const auto socket = refuse(__NR_socket);
  const auto connect = refuse(__NR_connect);
  const auto execve = refuse(__NR_execve);
  const auto execveat = refuse(__NR_execveat);
  std::array<sock_filter, 13> program = {
      // Calls of another architecture (32-bit on x86) have other numbers.
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kAuditArchitecture, 1, 0),
      sock_filter BPF_STMT(BPF_RET | BPF_K, kRefuse),
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      socket[0],
      socket[1],
      connect[0],
      connect[1],
      execve[0],
      execve[1],
      execveat[0],
      execveat[1],
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
  }
}

}  // namespace

std::int64_t PeakAddressSpaceBytes() { return StatusBytes("VmPeak:"); }

std::int64_t AddressSpaceBytes() { return StatusBytes("VmSize:"); }

absl::Status EnterCompileSandbox(std::int64_t memory_limit_bytes) {
  setpriority(PRIO_PROCESS, 0, kNiceness);
  // Sources include embedded headers alone; nothing is to be found beside them.
  if (chdir("/") != 0) return absl::InternalError(std::strerror(errno));
  RETURN_IF_ERROR(ApplyLimits({.address_space_bytes = memory_limit_bytes, .file_size_bytes = 0}));
  if (kLimitsAddressSpace && memory_limit_bytes > 0) {
    memory_limit = memory_limit_bytes;
    CatchCrashes();
  }
  ForbidNetworkAndPrograms();
  return absl::OkStatus();
}

}  // namespace tilewright
