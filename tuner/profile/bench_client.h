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

// The command that starts a bench worker.
struct BenchWorkerCommand {
  std::string executable;  // Empty: this binary.
  std::vector<std::string> arguments = {"--worker=bench"};
};

// One bench worker and the connection to it. Owned by one profile run. Not thread-safe.
class BenchClient {
 public:
  static absl::StatusOr<std::unique_ptr<BenchClient>> Start(const BenchWorkerCommand& command);

  // Sends one request and returns its reply. DEADLINE_EXCEEDED: no reply within `limit`.
  // UNAVAILABLE, reason BENCH_WORKER_ENDED: the worker ended; the message says how. Reason
  // WORKER_LOST: it was killed, stopped or cut off from outside. After any of these the worker is
  // gone. If a reply carries an error, returns that error with its code and reason.
  absl::StatusOr<bench::Reply> Call(const bench::Request& request, absl::Duration limit);

  // Returns a further reply to the last request.
  absl::StatusOr<bench::Reply> Next(absl::Duration limit);

  // Makes calls end as CANCELLED soon after `interrupted` returns true; the worker ends with them.
  void EndCallsWhen(std::function<bool()> interrupted) { interrupted_ = std::move(interrupted); }

  // Tells if the worker can take another request.
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
