#ifndef TILEWRIGHT_SERVER_NET_STALL_WATCH_H_
#define TILEWRIGHT_SERVER_NET_STALL_WATCH_H_

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/support/steady_time.h"
#include "server/net/grpc_clock.h"

namespace tilewright {

// Detects a stalled stream: calls `on_stall` once, on a gRPC thread, if no progress was noted for
// `limit` on the monotonic clock. The callback may still be running after Stop returns.
// Thread-safe.
class StallWatch {
 public:
  StallWatch(std::chrono::milliseconds limit, std::function<void()> on_stall)
      : state_(std::make_shared<State>(absl::FromChrono(limit), std::move(on_stall))) {
    state_->OnTime();
  }
  ~StallWatch() { Stop(); }
  StallWatch(const StallWatch&) = delete;
  StallWatch& operator=(const StallWatch&) = delete;

  void NoteProgress() {
    absl::MutexLock lock(&state_->mutex);
    state_->progress = SteadyTime::Now();
  }

  void Stop() {
    absl::MutexLock lock(&state_->mutex);
    state_->stopped = true;
    state_->alarm.Cancel();
  }

 private:
  // Sets one alarm for each `limit`, not for each chunk. It checks how old the last progress is.
  struct State : std::enable_shared_from_this<State> {
    State(absl::Duration stall_limit, std::function<void()> callback)
        : limit(stall_limit), on_stall(std::move(callback)) {}

    void OnTime() {
      {
        absl::MutexLock lock(&mutex);
        if (stopped) return;
        const SteadyTime stalls = progress + limit;
        if (SteadyTime::Now() < stalls) {
          alarm.Set(stalls, [weak = weak_from_this()] {
            if (auto self = weak.lock()) self->OnTime();
          });
          return;
        }
        stopped = true;
      }
      on_stall();
    }

    const absl::Duration limit;
    const std::function<void()> on_stall;
    absl::Mutex mutex;
    SteadyTime progress ABSL_GUARDED_BY(mutex) = SteadyTime::Now();
    bool stopped ABSL_GUARDED_BY(mutex) = false;
    SteadyAlarm alarm ABSL_GUARDED_BY(mutex);
  };

  const std::shared_ptr<State> state_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_STALL_WATCH_H_
