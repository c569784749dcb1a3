#ifndef TILEWRIGHT_CLIENT_CPP_CALL_GUARDS_H_
#define TILEWRIGHT_CLIENT_CPP_CALL_GUARDS_H_

#include <grpcpp/client_context.h>

#include <stop_token>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/support/steady_mutex.h"
#include "proto/support/steady_time.h"
#include "tilewright/connection.h"

namespace tilewright {

// Ends a stream whose daemon is frozen: a stream has no deadline, as a tuning may take minutes
// without a word, so a daemon that never speaks again would be waited for without an end. After
// kSilence without a message it asks the daemon for a greeting; where none comes for kPatience, it
// cancels the call. Lives as long as the call, on the thread that reads it.
class SilenceGuard {
 public:
  static constexpr absl::Duration kSilence = absl::Seconds(5);
  static constexpr absl::Duration kPatience = absl::Seconds(15);

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
  SteadyMutex mutex_;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  SteadyTime heard_ ABSL_GUARDED_BY(mutex_) = SteadyTime::Now();
  absl::Status verdict_ ABSL_GUARDED_BY(mutex_);
  std::stop_source ending_;  // Ends the wait for a greeting.
  std::thread thread_;       // The last member: it uses the others.
};

// How a stream ended that carries a file: `frozen` is the verdict of its guard.
absl::Status EndOfTransfer(const absl::Status& ended, const absl::Status& frozen,
                           const std::string& socket_path);

// Shortens a single call whose caller has asked for an end: a daemon that lives still answers, so
// that the caller knows what became of the request; one that gives no answer for kPatience is
// waited for no longer, and the call is cancelled. Lives as long as the call, on the thread that
// makes it. Costs nothing where no stop is possible.
class StopGuard {
 public:
  static constexpr absl::Duration kPatience = absl::Seconds(1);

  StopGuard(grpc::ClientContext& context, const std::stop_token& stop);
  ~StopGuard();

  // Whether the call was cancelled because of that.
  bool gave_up();

 private:
  void Run();

  grpc::ClientContext& context_;
  const std::stop_token stop_;
  SteadyMutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  bool gave_up_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // After what it uses.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_CALL_GUARDS_H_
