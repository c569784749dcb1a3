#ifndef TILEWRIGHT_SERVER_NET_STEADY_ALARM_H_
#define TILEWRIGHT_SERVER_NET_STEADY_ALARM_H_

#include <grpcpp/alarm.h>

#include <functional>
#include <memory>
#include <utility>

#include "proto/support/steady_time.h"
#include "server/net/call_deadline.h"

namespace tilewright {

// Calls back once, on a thread of gRPC, at a time on the monotonic clock. Setting it again takes
// the earlier call back, unless it is under way. Not thread-safe.
class SteadyAlarm {
 public:
  void Set(SteadyTime time, std::function<void()> on_time) {
    // One that has fired cannot be set again.
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

#endif  // TILEWRIGHT_SERVER_NET_STEADY_ALARM_H_
