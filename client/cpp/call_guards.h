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

// Ends a stream whose daemon is frozen. A stream has no deadline, because a tuning may take minutes
// without a message. So a daemon that never speaks again would be waited for without an end. After
// kSilence without a message, the guard asks the daemon for a greeting. If none comes for
// kPatience, it cancels the call. It lives as long as the call, on the thread that reads it.
class SilenceGuard {
 public:
  static constexpr absl::Duration kSilence = absl::Seconds(5);
  static constexpr absl::Duration kPatience = absl::Seconds(15);

  // `options` are the resolved ones of the connection. They outlive this guard.
  SilenceGuard(const ConnectOptions& options, grpc::ClientContext& context);
  ~SilenceGuard();

  // Notes that a message came or was sent.
  void Heard();

  // Returns DAEMON_FROZEN if the guard cancelled the call.
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

// Returns how a stream that carries a file ended. `frozen` is the verdict of its guard.
absl::Status EndOfTransfer(const absl::Status& ended, const absl::Status& frozen,
                           const std::string& socket_path);

// Shortens a single call after its caller asked for an end. A daemon that lives still answers, so
// the caller learns what became of the request. If no answer comes for kPatience, the guard cancels
// the call. It lives as long as the call, on the caller's thread. Free if no stop is possible.
class StopGuard {
 public:
  static constexpr absl::Duration kPatience = absl::Seconds(1);

  StopGuard(grpc::ClientContext& context, const std::stop_token& stop);
  ~StopGuard();

  // Returns whether the guard cancelled the call.
  bool gave_up();

 private:
  void Run();

  grpc::ClientContext& context_;
  const std::stop_token stop_;
  SteadyMutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  bool gave_up_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // The last member: it uses the others.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_CALL_GUARDS_H_
