#ifndef TILEWRIGHT_CLIENT_CPP_STOP_GUARD_H_
#define TILEWRIGHT_CLIENT_CPP_STOP_GUARD_H_

#include <grpcpp/client_context.h>

#include <stop_token>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "proto/support/steady_mutex.h"

namespace tilewright {

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

#endif  // TILEWRIGHT_CLIENT_CPP_STOP_GUARD_H_
