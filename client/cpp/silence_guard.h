#ifndef TILEWRIGHT_CLIENT_CPP_SILENCE_GUARD_H_
#define TILEWRIGHT_CLIENT_CPP_SILENCE_GUARD_H_

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "client/cpp/dial.h"
#include "tilewright/connection.h"

namespace tilewright {

// Ends a stream whose daemon is frozen: a stream has no deadline, as a tuning may take minutes
// without a word, so a daemon that never speaks again would be waited for without an end. After
// kSilence without a message it asks the daemon for a greeting; where none comes for kPatience, it
// cancels the call. Lives as long as the call, on the thread that reads it.
class SilenceGuard {
 public:
  static constexpr std::chrono::seconds kSilence{5};
  static constexpr std::chrono::seconds kPatience{15};

  // `options` are those of the connection, resolved, and outlive this.
  SilenceGuard(const ConnectOptions& options, grpc::ClientContext& context);
  ~SilenceGuard();

  // A message came, or one was sent.
  void Heard();

  // DAEMON_FROZEN where the call was cancelled because of that.
  absl::Status verdict();

 private:
  void Run();

  const ConnectOptions& options_;
  grpc::ClientContext& context_;
  // Guards all that follows.
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  SteadyClock::time_point heard_ = SteadyClock::now();
  absl::Status verdict_;
  std::stop_source ending_;  // Ends the wait for a greeting.
  std::thread thread_;
};

// How a stream ended that carries a file: `frozen` is the verdict of its guard.
absl::Status EndOfTransfer(const absl::Status& ended, const absl::Status& frozen,
                           const std::string& socket_path);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_SILENCE_GUARD_H_
