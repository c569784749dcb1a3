#ifndef TILEWRIGHT_TUNER_WORKER_SYSCALL_FILTER_H_
#define TILEWRIGHT_TUNER_WORKER_SYSCALL_FILTER_H_

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace tilewright {

// System calls that a thread, and every thread that is started from it later, gives up for the rest
// of its life (seccomp). What is not refused stays allowed, but for calls by the numbers of another
// architecture (32-bit on x86, x32), which are all refused. Threads that were there before keep all
// their calls: it covers a whole process where one thread installs it before others are started.
class SyscallFilter {
 public:
  // What a refused call gets: an error alone, or, with kTrap, also a signal (SIGSYS) whose handler
  // notes which call it was; see NoteRefusedCalls. A thread that blocks the signal dies of it, so
  // that is not for processes with threads that are not ours.
  enum class Answer { kError, kTrap };

  explicit SyscallFilter(Answer answer);

  // Refuses `number`, with EPERM.
  void Refuse(long number);
  // Refuses it with ENOSYS, so that callers fall back to an older call.
  void Hide(long number);
  // Hides it and all later numbers.
  void HideFrom(long number);
  // Refuses it where any of `bits` is set in argument `index`.
  void RefuseWithBits(long number, int index, std::uint32_t bits);
  // Refuses it unless all of `bits` are set in argument `index`.
  void RefuseWithoutBits(long number, int index, std::uint32_t bits);
  // Refuses it unless argument `index` is one of `values`.
  void RefuseUnless(long number, int index, const std::vector<std::uint32_t>& values);

  // UNAVAILABLE where the kernel has no such filters, or refuses this one.
  absl::Status Install() const;

 private:
  void Add(const sock_filter& instruction) { program_.push_back(instruction); }
  // Instructions that end with the answer, for the call `number` alone.
  void ForCall(long number, std::vector<sock_filter> instructions);
  sock_filter Deny() const;

  const Answer answer_;
  std::vector<sock_filter> program_;
};

// Adds the calls by which a worker would reach other processes: programs, debugging, memory and
// signals of others, and the calls that get around filters (io_uring).
void RefuseOtherProcesses(SyscallFilter& filter);

// From now on a trapped call fails with EPERM and is noted. Before SyscallFilter::Install.
void NoteRefusedCalls();

// The calls that were refused so far, by number: "57 (fork), 41 (socket)"; empty: none.
std::string RefusedCalls();
void ForgetRefusedCalls();

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_WORKER_SYSCALL_FILTER_H_
