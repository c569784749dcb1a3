// A child process that is this binary re-executed, with one socket pair for
// length-prefixed protobuf messages. Compile and bench workers are both of this kind.
#ifndef TILEWRIGHT_TUNER_WORKER_WORKER_PROCESS_H_
#define TILEWRIGHT_TUNER_WORKER_WORKER_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "proto/support/steady_time.h"

namespace tilewright {

// Messages above this size end the conversation.
inline constexpr unsigned kMaxWorkerMessageBytes = 256u << 20;

// Exit status of a worker that could not serve for a reason that is not its job's: nobody reads
// what it says, or a limit cannot be set.
inline constexpr int kUnableExit = 87;

// Asked now and then while one waits for the other process; an error ends the waiting.
using WaitCheck = std::function<absl::Status()>;

// Writes or reads one message on a stream socket: 4 bytes little-endian length, then its
// bytes. DEADLINE_EXCEEDED at `deadline`, UNAVAILABLE where the other end has gone,
// DATA_LOSS for what is not a message, RESOURCE_EXHAUSTED for one that is too large; and what
// `check` says, which is asked every 100 ms and at the deadline. After any error the conversation
// is over.
absl::Status WriteMessage(int fd, const google::protobuf::Message& message,
                          SteadyTime deadline = SteadyTime::InfiniteFuture(),
                          const WaitCheck& check = nullptr);
absl::Status ReadMessage(int fd, SteadyTime deadline, google::protobuf::MessageLite* message,
                         const WaitCheck& check = nullptr);

// UNAVAILABLE, reason WORKER_LOST: a worker was killed, stopped or cut off from outside, which
// says nothing about what it was working on.
absl::Status WorkerLost(const std::string& message);
bool IsWorkerLost(const absl::Status& status);

// Under AddressSanitizer, which reserves terabytes, that limit is not applied.
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kLimitsAddressSpace = false;
#else
inline constexpr bool kLimitsAddressSpace = true;
#endif

// Limits a child sets on itself before it runs anything; 0: none.
struct WorkerLimits {
  int cpu_seconds = 0;  // From now on; may be set again for each piece of work.
  std::int64_t address_space_bytes = 0;
  std::int64_t file_size_bytes = -1;  // 0 forbids writing files.
};

// Not thread-safe; owned by whoever talks to the worker. Killed (SIGKILL) with its process
// group and reaped on destruction. The child dies with the parent (PR_SET_PDEATHSIG).
class WorkerProcess {
 public:
  // Runs `executable` with `arguments`; the child's end of the socket pair is the file
  // descriptor kWorkerFd; it inherits no other. An empty executable means /proc/self/exe.
  // Standard output of the child goes to standard error. Any thread.
  static absl::StatusOr<std::unique_ptr<WorkerProcess>> Start(const std::string& executable,
                                                              std::vector<std::string> arguments);

  static constexpr int kWorkerFd = 3;
  static constexpr absl::Duration kSendTimeout = absl::Seconds(30);

  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // DEADLINE_EXCEEDED where the worker does not read the message within kSendTimeout.
  // UNAVAILABLE where it has ended, cannot be reached, or was stopped.
  absl::Status Send(const google::protobuf::Message& message);
  // As ReadMessage. UNAVAILABLE within a moment where the worker is stopped. `check` as there.
  absl::Status Receive(SteadyTime deadline, google::protobuf::MessageLite* message,
                       const WaitCheck& check = nullptr);

  // Whether somebody stopped it (SIGSTOP): it would not answer for as long as it pleases them.
  bool IsStopped() const;

  int fd() const { return fd_; }
  pid_t pid() const { return pid_; }

  // Kills and reaps; says how it ended: "exited with 3", "killed by signal 11 (SIGSEGV)".
  // A worker that had ended before says what ended it. Repeated calls say the same.
  std::string KillAndDescribe();

  // Once it was killed and described: whether it had ended by its own doing (a crash, an exit, a
  // limit of its own). Otherwise it was killed from outside, stopped, or was still there and
  // could not be reached, and what it was working on is not to blame.
  bool EndedByItself() const { return ended_by_itself_; }

 private:
  WorkerProcess(pid_t pid, int fd) : pid_(pid), fd_(fd) {}

  absl::Status CheckRuns() const;

  pid_t pid_;  // -1 once reaped.
  int fd_;
  std::string ending_;
  bool ended_by_itself_ = false;
};

// Called by a worker's main before it serves.
absl::Status ApplyLimits(const WorkerLimits& limits);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_WORKER_WORKER_PROCESS_H_
