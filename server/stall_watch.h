#ifndef TILEWRIGHT_SERVER_STALL_WATCH_H_
#define TILEWRIGHT_SERVER_STALL_WATCH_H_

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/steady_alarm.h"

namespace tilewright {

// Notices a stream on which nothing happens: calls `on_stall` once, on a thread of gRPC, when no
// progress was noted for `limit` by the monotonic clock. A call that is under way when Stop is
// called may still be running afterwards. Thread-safe.
class StallWatch {
 public:
  StallWatch(std::chrono::milliseconds limit, std::function<void()> on_stall)
      : state_(std::make_shared<State>(limit, std::move(on_stall))) {
    state_->Arm(limit);
  }
  ~StallWatch() { Stop(); }
  StallWatch(const StallWatch&) = delete;
  StallWatch& operator=(const StallWatch&) = delete;

  void NoteProgress() {
    absl::MutexLock lock(&state_->mutex);
    state_->progress = Clock::now();
  }

  void Stop() {
    absl::MutexLock lock(&state_->mutex);
    state_->stopped = true;
    state_->alarm.Cancel();
  }

 private:
  using Clock = std::chrono::steady_clock;

  // One alarm in `limit`, not one a chunk: it looks how long ago the last progress was.
  struct State : std::enable_shared_from_this<State> {
    State(std::chrono::milliseconds stall_limit, std::function<void()> callback)
        : limit(stall_limit), on_stall(std::move(callback)) {}

    void Arm(std::chrono::milliseconds delay) {
      absl::MutexLock lock(&mutex);
      if (stopped) return;
      alarm.Set(delay, [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->OnTime();
      });
    }

    void OnTime() {
      std::chrono::milliseconds left{0};
      {
        absl::MutexLock lock(&mutex);
        if (stopped) return;
        left = std::chrono::ceil<std::chrono::milliseconds>(progress + limit - Clock::now());
        if (left.count() <= 0) stopped = true;
      }
      if (left.count() > 0) return Arm(left);
      on_stall();
    }

    const std::chrono::milliseconds limit;
    const std::function<void()> on_stall;
    absl::Mutex mutex;
    Clock::time_point progress ABSL_GUARDED_BY(mutex) = Clock::now();
    bool stopped ABSL_GUARDED_BY(mutex) = false;
    SteadyAlarm alarm ABSL_GUARDED_BY(mutex);
  };

  const std::shared_ptr<State> state_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_STALL_WATCH_H_
