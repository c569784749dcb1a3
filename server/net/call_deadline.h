#ifndef TILEWRIGHT_SERVER_NET_CALL_DEADLINE_H_
#define TILEWRIGHT_SERVER_NET_CALL_DEADLINE_H_

#include "absl/time/time.h"
#include "grpc/support/time.h"
#include "grpcpp/server_context.h"
#include "proto/support/steady_time.h"

namespace tilewright {

// When the caller's deadline passes. Steps of the wall clock do not move it.
template <typename Context>
SteadyTime DeadlineOf(const Context& context) {
  const gpr_timespec deadline = gpr_convert_clock_type(context.raw_deadline(), GPR_CLOCK_MONOTONIC);
  const gpr_timespec never = gpr_inf_future(GPR_CLOCK_MONOTONIC);
  if (gpr_time_cmp(deadline, never) == 0) return SteadyTime::InfiniteFuture();
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(GPR_CLOCK_MONOTONIC));
  return SteadyTime::Now() + absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec);
}

// `time` as gRPC's alarms and shutdowns take it.
inline gpr_timespec ToGrpc(SteadyTime time) {
  const absl::Duration left = time - SteadyTime::Now();
  if (left == absl::InfiniteDuration()) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(absl::ToInt64Nanoseconds(left), GPR_TIMESPAN));
}

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_CALL_DEADLINE_H_
