#include "tuner/worker/syscall_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace tilewright {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kAuditArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kAuditArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "Name the audit architecture of this processor."
#endif

// The x32 calls of x86-64 begin here. Other architectures have no number this high.
constexpr std::uint32_t kFirstOtherNumber = 0x40000000;

constexpr std::uint32_t ErrorAnswer(int error) {
  return SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA);
}

constexpr std::uint32_t kNumberOffset = offsetof(seccomp_data, nr);

// Returns the offset of an argument's low half. The kernel reads no more of filtered arguments.
std::uint32_t ArgumentOffset(int index) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) +
                                    sizeof(seccomp_data::args[0]) * static_cast<unsigned>(index));
}

sock_filter Load(std::uint32_t offset) {
  return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}

sock_filter Return(std::uint32_t answer) { return sock_filter BPF_STMT(BPF_RET | BPF_K, answer); }

// Skips `holds` instructions if the comparison holds, else `otherwise`.
sock_filter SkipIf(std::uint16_t comparison, std::uint32_t value, std::size_t holds,
                   std::size_t otherwise) {
  return sock_filter BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | comparison | BPF_K), value,
                              static_cast<std::uint8_t>(holds),
                              static_cast<std::uint8_t>(otherwise));
}

// Names, for people, of the calls that are likely to be refused.
struct CallName {
  long number;
  const char* name;
};
constexpr CallName kCallNames[] = {
    {__NR_socket, "socket"},     {__NR_connect, "connect"},     {__NR_execve, "execve"},
    {__NR_clone, "clone"},       {__NR_openat, "openat"},       {__NR_kill, "kill"},
    {__NR_tgkill, "tgkill"},     {__NR_tkill, "tkill"},         {__NR_ptrace, "ptrace"},
    {__NR_unlinkat, "unlinkat"}, {__NR_renameat2, "renameat2"}, {__NR_mkdirat, "mkdirat"},
    {__NR_fchmodat, "fchmodat"}, {__NR_prlimit64, "prlimit64"},
#ifdef __NR_open
    {__NR_open, "open"},         {__NR_fork, "fork"},           {__NR_vfork, "vfork"},
    {__NR_unlink, "unlink"},     {__NR_rename, "rename"},       {__NR_mkdir, "mkdir"},
    {__NR_chmod, "chmod"},
#endif
};

// The first few refused calls, in order; 0 if there was none yet. A signal handler writes them.
std::array<std::atomic<int>, 8> refused_calls{};

void Note(int number) {
  // 0 is also a call, but it is never refused.
  for (std::atomic<int>& place : refused_calls) {
    int seen = 0;
    if (place.compare_exchange_strong(seen, number) || seen == number) return;
  }
}

void OnRefusedCall(int, siginfo_t* info, void* context) {
  const int before = errno;
  Note(info->si_syscall);
  auto* machine = static_cast<ucontext_t*>(context);
#if defined(__x86_64__)
  machine->uc_mcontext.gregs[REG_RAX] = -EPERM;
#else
  machine->uc_mcontext.regs[0] = static_cast<unsigned long long>(-EPERM);
#endif
  errno = before;
}

}  // namespace

SyscallFilter::SyscallFilter(Answer answer) : answer_(answer) {
  Add(Load(offsetof(seccomp_data, arch)));
  Add(SkipIf(BPF_JEQ, kAuditArchitecture, 1, 0));
  Add(Return(ErrorAnswer(ENOSYS)));
  Add(Load(kNumberOffset));
  Add(SkipIf(BPF_JGE, kFirstOtherNumber, 0, 1));
  Add(Return(ErrorAnswer(ENOSYS)));
}

sock_filter SyscallFilter::Deny() const {
  return Return(answer_ == Answer::kTrap ? SECCOMP_RET_TRAP : ErrorAnswer(EPERM));
}

void SyscallFilter::ForCall(long number, std::vector<sock_filter> instructions) {
  Add(Load(kNumberOffset));
  Add(SkipIf(BPF_JEQ, static_cast<std::uint32_t>(number), 0, instructions.size()));
  program_.insert(program_.end(), instructions.begin(), instructions.end());
}

void SyscallFilter::Refuse(long number) { ForCall(number, {Deny()}); }

void SyscallFilter::Hide(long number) { ForCall(number, {Return(ErrorAnswer(ENOSYS))}); }

void SyscallFilter::HideFrom(long number) {
  Add(Load(kNumberOffset));
  Add(SkipIf(BPF_JGE, static_cast<std::uint32_t>(number), 0, 1));
  Add(Return(ErrorAnswer(ENOSYS)));
}

void SyscallFilter::RefuseWithBits(long number, int index, std::uint32_t bits) {
  ForCall(number, {Load(ArgumentOffset(index)), SkipIf(BPF_JSET, bits, 0, 1), Deny()});
}

void SyscallFilter::RefuseWithoutBits(long number, int index, std::uint32_t bits) {
  ForCall(number,
          {Load(ArgumentOffset(index)), sock_filter BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits),
           SkipIf(BPF_JEQ, bits, 1, 0), Deny()});
}

void SyscallFilter::RefuseUnless(long number, int index, const std::vector<std::uint32_t>& values) {
  std::vector<sock_filter> instructions = {Load(ArgumentOffset(index))};
  for (std::size_t i = 0; i < values.size(); ++i) {
    instructions.push_back(SkipIf(BPF_JEQ, values[i], values.size() - i, 0));
  }
  instructions.push_back(Deny());
  ForCall(number, std::move(instructions));
}

absl::Status SyscallFilter::Install() const {
  std::vector<sock_filter> program = program_;
  program.push_back(Return(SECCOMP_RET_ALLOW));
  const sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    return absl::UnavailableError(
        absl::StrCat("the operating system refuses a system call filter: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

void RefuseOtherProcesses(SyscallFilter& filter) {
  filter.Refuse(__NR_execve);
  filter.Refuse(__NR_execveat);
  filter.Refuse(__NR_ptrace);
  filter.Refuse(__NR_process_vm_readv);
  filter.Refuse(__NR_process_vm_writev);
#ifdef __NR_process_madvise
  filter.Refuse(__NR_process_madvise);
#endif
#ifdef __NR_pidfd_getfd
  filter.Refuse(__NR_pidfd_getfd);
#endif
#ifdef __NR_pidfd_send_signal
  filter.Refuse(__NR_pidfd_send_signal);
#endif
  filter.Refuse(__NR_bpf);
  filter.Refuse(__NR_userfaultfd);
#ifdef __NR_io_uring_setup
  // Filters do not see what a caller asks of io_uring.
  filter.Refuse(__NR_io_uring_setup);
  filter.Refuse(__NR_io_uring_enter);
  filter.Refuse(__NR_io_uring_register);
#endif
  // The worker may still send signals to itself, as abort() does.
  const auto self = static_cast<std::uint32_t>(getpid());
  for (const long number :
       {__NR_kill, __NR_tgkill, __NR_tkill, __NR_rt_sigqueueinfo, __NR_rt_tgsigqueueinfo}) {
    filter.RefuseUnless(number, 0, {self});
  }
  filter.RefuseUnless(__NR_prlimit64, 0, {0, self});
}

void NoteRefusedCalls() {
  struct sigaction action = {};
  action.sa_sigaction = OnRefusedCall;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSYS, &action, nullptr);
}

void ForgetRefusedCalls() {
  for (std::atomic<int>& place : refused_calls) place = 0;
}

std::string RefusedCalls() {
  std::string text;
  for (const std::atomic<int>& place : refused_calls) {
    const int number = place.load();
    if (number == 0) break;
    absl::StrAppend(&text, text.empty() ? "" : ", ", number);
    const auto known = std::find_if(std::begin(kCallNames), std::end(kCallNames),
                                    [&](const CallName& call) { return call.number == number; });
    if (known != std::end(kCallNames)) absl::StrAppend(&text, " (", known->name, ")");
  }
  return text;
}

}  // namespace tilewright
