#ifndef TILEWRIGHT_TUNER_PROFILE_BENCH_CLIENT_H_
#define TILEWRIGHT_TUNER_PROFILE_BENCH_CLIENT_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tuner/bench/bench_worker.pb.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {

// How a bench worker is started.
struct BenchWorkerCommand {
  std::string executable;  // Empty: this binary.
  std::vector<std::string> arguments = {"--worker=bench"};
};

// One bench worker and the conversation with it. Owned by one profile run. Not thread-safe.
class BenchClient {
 public:
  static absl::StatusOr<std::unique_ptr<BenchClient>> Start(const BenchWorkerCommand& command);

  // One request, one reply. DEADLINE_EXCEEDED: no reply within `limit`. UNAVAILABLE, reason
  // BENCH_WORKER_ENDED: the worker ended; the message says how; WORKER_LOST: it was killed,
  // stopped or cut off from outside. After any of them the worker is gone. A reply that carries
  // an error is that error, with its code and reason.
  absl::StatusOr<bench::Reply> Call(const bench::Request& request, absl::Duration limit);

  // A further reply to the last request.
  absl::StatusOr<bench::Reply> Next(absl::Duration limit);

  // Calls end soon after `interrupted` comes true, as CANCELLED, and the worker with them.
  void EndCallsWhen(std::function<bool()> interrupted) { interrupted_ = std::move(interrupted); }

  // Whether the worker can be asked again.
  bool alive() const { return alive_; }

 private:
  explicit BenchClient(std::unique_ptr<WorkerProcess> process) : process_(std::move(process)) {}

  absl::Status Lost(const absl::Status& status, absl::Duration limit);

  std::unique_ptr<WorkerProcess> process_;
  std::function<bool()> interrupted_;
  bool alive_ = true;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROFILE_BENCH_CLIENT_H_
