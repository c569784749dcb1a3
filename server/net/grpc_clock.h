#ifndef TILEWRIGHT_SERVER_NET_GRPC_CLOCK_H_
#define TILEWRIGHT_SERVER_NET_GRPC_CLOCK_H_

#include <grpcpp/alarm.h>

#include <functional>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "grpc/support/time.h"
#include "grpcpp/server_context.h"
#include "proto/support/steady_time.h"

namespace tilewright {

// Returns when the caller's deadline passes. Steps of the wall clock do not move it.
template <typename Context>
SteadyTime DeadlineOf(const Context& context) {
  const gpr_timespec deadline = gpr_convert_clock_type(context.raw_deadline(), GPR_CLOCK_MONOTONIC);
  const gpr_timespec never = gpr_inf_future(GPR_CLOCK_MONOTONIC);
  if (gpr_time_cmp(deadline, never) == 0) return SteadyTime::InfiniteFuture();
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(GPR_CLOCK_MONOTONIC));
  return SteadyTime::Now() + absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec);
}

// Converts `time` for gRPC's alarms and shutdowns.
inline gpr_timespec ToGrpc(SteadyTime time) {
  const absl::Duration left = time - SteadyTime::Now();
  if (left == absl::InfiniteDuration()) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(absl::ToInt64Nanoseconds(left), GPR_TIMESPAN));
}

// Calls back once on a gRPC thread, at a time on the monotonic clock. Setting it again cancels the
// earlier callback unless it is already running. Not thread-safe.
class SteadyAlarm {
 public:
  void Set(SteadyTime time, std::function<void()> on_time) {
    // A grpc::Alarm that has fired cannot be set again.
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(ToGrpc(time), [on_time = std::move(on_time)](bool fired) {
      if (fired) on_time();
    });
  }

  void Cancel() { alarm_.reset(); }

 private:
  std::unique_ptr<grpc::Alarm> alarm_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_GRPC_CLOCK_H_
