// A child process that runs this binary again, with one socket pair for length-prefixed protobuf
// messages. Compile and bench workers are such processes.
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

// A message above this size ends the connection.
inline constexpr unsigned kMaxWorkerMessageBytes = 256u << 20;

// Exit status of a worker that could not serve for a reason that is not its job's: nobody reads its
// messages, or a limit cannot be set.
inline constexpr int kUnableExit = 87;

// Called repeatedly during a wait for the other process. An error ends the wait.
using WaitCheck = std::function<absl::Status()>;

// Writes or reads one message on a stream socket: 4 bytes of little-endian length, then the
// message. DEADLINE_EXCEEDED: `deadline` has passed. UNAVAILABLE: the other end is gone. DATA_LOSS:
// the bytes are no message. RESOURCE_EXHAUSTED: the message is too large. Also the errors of
// `check`, which is called every 100 ms and at the deadline. Any error ends the connection.
absl::Status WriteMessage(int fd, const google::protobuf::Message& message,
                          SteadyTime deadline = SteadyTime::InfiniteFuture(),
                          const WaitCheck& check = nullptr);
absl::Status ReadMessage(int fd, SteadyTime deadline, google::protobuf::MessageLite* message,
                         const WaitCheck& check = nullptr);

// UNAVAILABLE, reason WORKER_LOST: a worker was killed, stopped or cut off from outside. This says
// nothing about its work.
absl::Status WorkerLost(const std::string& message);
bool IsWorkerLost(const absl::Status& status);

// AddressSanitizer reserves terabytes, so there the limit is not applied.
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kLimitsAddressSpace = false;
#else
inline constexpr bool kLimitsAddressSpace = true;
#endif

// The limits that a child sets on itself before it runs anything; 0: none.
struct WorkerLimits {
  int cpu_seconds = 0;  // From now on. May be set again for each piece of work.
  std::int64_t address_space_bytes = 0;
  std::int64_t file_size_bytes = -1;  // 0 forbids writing files.
};

// One worker. Whoever talks to it owns this. Not thread-safe. The destructor kills it (SIGKILL)
// with its process group and reaps it. The child dies with the parent (PR_SET_PDEATHSIG).
class WorkerProcess {
 public:
  // Runs `executable` with `arguments`. The file descriptor kWorkerFd is the child's end of the
  // socket pair; it inherits no other. An empty executable means /proc/self/exe. The child's
  // standard output goes to standard error. Any thread.
  static absl::StatusOr<std::unique_ptr<WorkerProcess>> Start(const std::string& executable,
                                                              std::vector<std::string> arguments);

  static constexpr int kWorkerFd = 3;
  static constexpr absl::Duration kSendTimeout = absl::Seconds(30);

  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // DEADLINE_EXCEEDED: the worker did not read the message within kSendTimeout. UNAVAILABLE: it has
  // ended, cannot be reached, or was stopped.
  absl::Status Send(const google::protobuf::Message& message);
  // Works as ReadMessage, with its `check`. If the worker is stopped, soon returns UNAVAILABLE.
  absl::Status Receive(SteadyTime deadline, google::protobuf::MessageLite* message,
                       const WaitCheck& check = nullptr);

  // Tells if somebody stopped it (SIGSTOP). It does not answer until they let it continue.
  bool IsStopped() const;

  int fd() const { return fd_; }
  pid_t pid() const { return pid_; }

  // Kills and reaps the worker, and says how it ended: "exited with 3", "killed by signal 11
  // (SIGSEGV)". If it had ended before, says what ended it. Repeated calls return the same text.
  std::string KillAndDescribe();

  // Tells if the worker ended by itself (a crash, an exit, a limit of its own). Otherwise it was
  // killed from outside, stopped, or could not be reached, and its work is not to blame. REQUIRES:
  // KillAndDescribe was called.
  bool EndedByItself() const { return ended_by_itself_; }

 private:
  WorkerProcess(pid_t pid, int fd) : pid_(pid), fd_(fd) {}

  absl::Status CheckRuns() const;

  pid_t pid_;  // -1 once reaped.
  int fd_;
  std::string ending_;
  bool ended_by_itself_ = false;
};

// Sets the limits. A worker's main calls it before it serves.
absl::Status ApplyLimits(const WorkerLimits& limits);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_WORKER_WORKER_PROCESS_H_
