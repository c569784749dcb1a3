#ifndef TILEWRIGHT_TUNER_WORKER_SYSCALL_FILTER_H_
#define TILEWRIGHT_TUNER_WORKER_SYSCALL_FILTER_H_

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace tilewright {

// Takes system calls away from a thread, and from every thread that it starts later, for the rest
// of their lives (seccomp). Other calls stay allowed, except calls by the numbers of another
// architecture (32-bit on x86, x32), which are all refused. Threads that existed before keep all
// their calls, so a filter covers a process only if it is installed before other threads start.
class SyscallFilter {
 public:
  // What a refused call gets: only an error or, with kTrap, also a signal (SIGSYS), whose handler
  // notes the call; see NoteRefusedCalls. A thread that blocks the signal dies from it, so kTrap is
  // not for processes with threads that are not ours.
  enum class Answer { kError, kTrap };

  explicit SyscallFilter(Answer answer);

  // Refuses `number` with EPERM.
  void Refuse(long number);
  // Refuses it with ENOSYS, so that callers fall back to an older call.
  void Hide(long number);
  // Hides it and all later numbers.
  void HideFrom(long number);
  // Refuses it if any of `bits` is set in argument `index`.
  void RefuseWithBits(long number, int index, std::uint32_t bits);
  // Refuses it unless all of `bits` are set in argument `index`.
  void RefuseWithoutBits(long number, int index, std::uint32_t bits);
  // Refuses it unless argument `index` is one of `values`.
  void RefuseUnless(long number, int index, const std::vector<std::uint32_t>& values);

  // UNAVAILABLE: the operating system has no such filters or refuses this one.
  absl::Status Install() const;

 private:
  void Add(const sock_filter& instruction) { program_.push_back(instruction); }
  // Adds instructions for the call `number` alone. They end with the answer.
  void ForCall(long number, std::vector<sock_filter> instructions);
  sock_filter Deny() const;

  const Answer answer_;
  std::vector<sock_filter> program_;
};

// Refuses the calls by which a worker could reach other processes: programs, debugging, memory and
// signals of others, and the calls that avoid filters (io_uring).
void RefuseOtherProcesses(SyscallFilter& filter);

// From now on a trapped call fails with EPERM and is noted. Call it before SyscallFilter::Install.
void NoteRefusedCalls();

// Returns the refused calls so far, by number: "57 (fork), 41 (socket)". Empty: there were none.
std::string RefusedCalls();
void ForgetRefusedCalls();

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_WORKER_SYSCALL_FILTER_H_
