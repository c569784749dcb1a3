#ifndef TILEWRIGHT_SERVER_NET_STATE_STREAM_H_
#define TILEWRIGHT_SERVER_NET_STATE_STREAM_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/support/server_callback.h"
#include "proto/support/steady_time.h"
#include "server/net/grpc_clock.h"
#include "server/net/grpc_status.h"
#include "server/net/open_call.h"
#include "server/net/shared_limit.h"
#include "server/net/stop_signal.h"

namespace tilewright {

enum class StreamStep {
  kNothing,  // Nothing new since the last message.
  kMessage,  // A message; more may come.
  kLast,     // A message, and the stream ends after it.
};

// Streams the newest state of something to a client. A slow client skips states and never delays
// the thing it watches. Lives until gRPC is done with it; others hold weak pointers. Thread-safe.
template <class Message>
class StateStream final : public grpc::ServerWriteReactor<Message>,
                          public std::enable_shared_from_this<StateStream<Message>> {
 public:
  // Fills in the newest state. Called after each Poke, with the stream's lock held.
  using Source = std::function<StreamStep(Message*)>;

  // `open` counts calls under way. Messages are at least `interval` apart.
  static std::shared_ptr<StateStream> Create(StopSignal& stop, std::atomic<int64_t>& open,
                                             Source source,
                                             absl::Duration interval = absl::ZeroDuration()) {
    auto stream =
        std::shared_ptr<StateStream>(new StateStream(stop, open, std::move(source), interval));
    stream->self_ = stream;
    stream->stop_id_ = stop.Subscribe([weak = std::weak_ptr<StateStream>(stream)] {
      if (auto self = weak.lock()) self->End(ServerStopping());
    });
    return stream;
  }

  // Keeps `place` until the stream ends. Returns whether it is held. Call it before the first Poke.
  bool Admit(SharedLimit::Place place) {
    absl::MutexLock lock(&mutex_);
    place_ = std::move(place);
    return place_.held();
  }

  // `cleanup` runs once, when gRPC is done with the stream. Set it before the first Poke.
  void SetCleanup(std::function<void()> cleanup) { cleanup_ = std::move(cleanup); }

  // Says that there may be a new state. The last state does not wait for the interval.
  void Poke(bool is_last = false) {
    {
      absl::MutexLock lock(&mutex_);
      dirty_ = true;
      hurried_ = hurried_ || is_last;
    }
    Proceed();
  }

  // Ends the stream after the message under way. Only the first call counts.
  void End(const absl::Status& status) {
    {
      absl::MutexLock lock(&mutex_);
      if (!std::exchange(ending_, true)) status_ = status;
    }
    Proceed();
  }

  void OnWriteDone(bool ok) override {
    {
      absl::MutexLock lock(&mutex_);
      writing_ = false;
    }
    if (!ok) return End(absl::CancelledError("the client went away"));
    Proceed();
  }

  void OnCancel() override { End(absl::CancelledError("the client went away")); }

  void OnDone() override {
    stop_.Unsubscribe(stop_id_);
    if (cleanup_) cleanup_();
    {
      absl::MutexLock lock(&mutex_);
      alarm_.Cancel();
    }
    const std::shared_ptr<StateStream> last = std::move(self_);
  }

 private:
  StateStream(StopSignal& stop, std::atomic<int64_t>& open, Source source, absl::Duration interval)
      : open_(open), stop_(stop), source_(std::move(source)), interval_(interval) {}

  // Returns whether the interval since the last message is over. If not, sets an alarm.
  bool IsDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (hurried_ || SteadyTime::Now() >= due_) return true;
    if (!alarm_set_) {
      alarm_set_ = true;
      alarm_.Set(due_, [weak = this->weak_from_this()] {
        auto self = weak.lock();
        if (self == nullptr) return;
        {
          absl::MutexLock lock(&self->mutex_);
          self->alarm_set_ = false;
        }
        self->Proceed();
      });
    }
    return false;
  }

  // Starts the next step. Calls gRPC without the lock, because gRPC may call back.
  void Proceed() {
    bool write = false;
    grpc::Status status;
    SharedLimit::Place place;
    {
      absl::MutexLock lock(&mutex_);
      if (writing_ || finished_) return;
      if (!ending_ && dirty_ && IsDue()) {
        dirty_ = false;
        due_ = SteadyTime::Now() + interval_;
        const StreamStep step = source_(&message_);
        write = writing_ = step != StreamStep::kNothing;
        ending_ = step == StreamStep::kLast;
      }
      if (!write) {
        if (!ending_) return;
        finished_ = true;
        status = ToGrpcStatus(status_);
        place = std::move(place_);
      }
    }
    if (write) {
      this->StartWrite(&message_);
    } else {
      // Must be before Finish: a client that waits for the end of the call may take the place.
      place.Release();
      this->Finish(status);
    }
  }

  const OpenCall open_;
  StopSignal& stop_;
  const Source source_;
  const absl::Duration interval_;
  std::function<void()> cleanup_;
  int64_t stop_id_ = 0;
  std::shared_ptr<StateStream> self_;
  Message message_;  // Only the writer that set writing_ touches it.
  absl::Mutex mutex_;
  bool dirty_ ABSL_GUARDED_BY(mutex_) = false;
  bool hurried_ ABSL_GUARDED_BY(mutex_) = false;
  SteadyTime due_ ABSL_GUARDED_BY(mutex_);
  SteadyAlarm alarm_ ABSL_GUARDED_BY(mutex_);
  bool alarm_set_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  SharedLimit::Place place_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_STATE_STREAM_H_
