#ifndef TILEWRIGHT_SERVER_STOP_SIGNAL_H_
#define TILEWRIGHT_SERVER_STOP_SIGNAL_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "proto/support/errors.h"

namespace tilewright {

inline absl::Status ServerStopping() {
  return MakeError(absl::StatusCode::kUnavailable, "SERVER_STOPPING", "the server is stopping");
}

// Tells streams and calls that wait, which would otherwise hold a stop up, that the server
// stops. Fires once; who subscribes later is told at once. Thread-safe.
class StopSignal {
 public:
  using Listener = std::function<void()>;

  int64_t Subscribe(Listener listener) {
    {
      absl::MutexLock lock(&mutex_);
      if (!fired_) {
        listeners_[++last_id_] = std::move(listener);
        return last_id_;
      }
    }
    listener();
    return 0;
  }

  void Unsubscribe(int64_t id) {
    absl::MutexLock lock(&mutex_);
    listeners_.erase(id);
  }

  void Fire() {
    absl::flat_hash_map<int64_t, Listener> listeners;
    {
      absl::MutexLock lock(&mutex_);
      fired_ = true;
      listeners.swap(listeners_);
    }
    for (const auto& [id, listener] : listeners) listener();
  }

 private:
  absl::Mutex mutex_;
  bool fired_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<int64_t, Listener> listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_STOP_SIGNAL_H_
