#ifndef TILEWRIGHT_SERVER_STEADY_ALARM_H_
#define TILEWRIGHT_SERVER_STEADY_ALARM_H_

#include <grpc/support/time.h>
#include <grpcpp/alarm.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace tilewright {

// Calls back once, on a thread of gRPC, after a time by the monotonic clock. Setting it again
// takes the earlier call back, unless it is under way. Not thread-safe.
class SteadyAlarm {
 public:
  void Set(std::chrono::milliseconds delay, std::function<void()> on_time) {
    // One that has fired cannot be set again.
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                             gpr_time_from_millis(delay.count(), GPR_TIMESPAN)),
                [on_time = std::move(on_time)](bool fired) {
                  if (fired) on_time();
                });
  }

  void Cancel() { alarm_.reset(); }

 private:
  std::unique_ptr<grpc::Alarm> alarm_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_STEADY_ALARM_H_
