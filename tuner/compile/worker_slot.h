#ifndef TILEWRIGHT_TUNER_COMPILE_WORKER_SLOT_H_
#define TILEWRIGHT_TUNER_COMPILE_WORKER_SLOT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
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

// A place for one compile worker: starts it when there is work, judges how it ends,
// replaces it. Owned and used by one thread of the pool.
class WorkerSlot {
 public:
  explicit WorkerSlot(WorkerSlotOptions options) : options_(std::move(options)) {}

  bool HasWorker() const { return worker_ != nullptr; }

  // Starts a worker unless one is there. `nvrtc_path`: where another found the library.
  // UNAVAILABLE, reason COMPILE_WORKER_FAILED: it does not come up.
  absl::Status EnsureStarted(const std::string& nvrtc_path);

  // What the last worker found.
  const v1::LibraryStatus& library() const { return library_; }

  // Compiles on the worker, which must be there. Nothing where `is_abandoned` came true
  // before the end, and the worker is gone.
  std::optional<CompileOutcome> Compile(const CompileJob& job,
                                        const std::function<bool()>& is_abandoned);

  void Stop() { worker_.reset(); }

 private:
  bool IsReadable(absl::Duration patience) const;
  v1::Failure Judge(const absl::Status& status);

  const WorkerSlotOptions options_;
  std::unique_ptr<WorkerProcess> worker_;
  v1::LibraryStatus library_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_COMPILE_WORKER_SLOT_H_
