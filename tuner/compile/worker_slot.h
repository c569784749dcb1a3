#ifndef TILEWRIGHT_TUNER_COMPILE_WORKER_SLOT_H_
#define TILEWRIGHT_TUNER_COMPILE_WORKER_SLOT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/message_lite.h"
#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/compile/compiler.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {

struct WorkerSlotOptions {
  std::string executable;  // Empty: this binary.
  std::vector<std::string> arguments;
  absl::Duration start_deadline;
  absl::Duration job_deadline;
  std::int64_t memory_limit_bytes;
  int cpu_seconds;
};

// One try of a job on one worker.
struct CompileTry {
  enum class End {
    kAnswered,   // The compiler answered.
    kAbandoned,  // The job was given up; there is no outcome.
    kBroken,     // The worker crashed or met a limit. This is the verdict if it happens again.
    kLost,       // The worker was killed, stopped or cut off, which says nothing about the job.
  };
  End end = End::kAbandoned;
  CompileOutcome outcome;
};

// A place for one compile worker: starts it when there is work, judges how it ends, replaces it.
// One thread of the pool owns and uses it.
class WorkerSlot {
 public:
  explicit WorkerSlot(WorkerSlotOptions options) : options_(std::move(options)) {}

  bool HasWorker() const { return worker_ != nullptr; }

  // Starts a worker unless there is one. `nvrtc_path`: where another worker found the library.
  // UNAVAILABLE, reason COMPILE_WORKER_FAILED: it does not start; reason WORKER_LOST: it was killed
  // or stopped meanwhile. CANCELLED once `is_abandoned` returns true.
  absl::Status EnsureStarted(const std::string& nvrtc_path,
                             const std::function<bool()>& is_abandoned);

  // Waits until the worker has compiled a small kernel in its filter. Ends the worker if it cannot.
  // REQUIRES: a worker is started. Errors as in EnsureStarted.
  absl::Status EnsureChecked(const std::function<bool()>& is_abandoned);

  // Returns the library that the last worker found.
  const v1::LibraryStatus& library() const { return library_; }

  // Compiles on the worker. Unless it ends as kAnswered, the worker is gone. kAbandoned:
  // `is_abandoned` returned true before the end. REQUIRES: the worker is started and checked.
  CompileTry Compile(const CompileJob& job, const std::function<bool()>& is_abandoned);

  void Stop() { worker_.reset(); }

 private:
  bool IsReadable() const;
  // Receives a message from a worker that starts, within `limit`.
  absl::Status ReceiveFirst(absl::Duration limit, const std::function<bool()>& is_abandoned,
                            google::protobuf::MessageLite* message);
  // Returns the error for a worker that does not start because of `status`. Ends the worker.
  absl::Status NotStarted(const absl::Status& status);
  CompileTry Judge(const absl::Status& status);

  const WorkerSlotOptions options_;
  std::unique_ptr<WorkerProcess> worker_;
  bool checked_ = false;  // The worker has said that it can compile.
  v1::LibraryStatus library_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_WORKER_SLOT_H_
