#ifndef TILEWRIGHT_SERVER_NET_STOP_SIGNAL_H_
#define TILEWRIGHT_SERVER_NET_STOP_SIGNAL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "proto/support/errors.h"

namespace tilewright {

inline absl::Status ServerStopping() {
  return MakeError(absl::StatusCode::kUnavailable, "SERVER_STOPPING", "the server is stopping");
}

// For a call that changes something, if its work is under way and nobody waits for it.
inline absl::Status ServerStoppingMidway() {
  return MakeError(absl::StatusCode::kUnavailable, "SERVER_STOPPING",
                   "the server is stopping, and this call was under way: look whether it had its "
                   "effect");
}

// Tells waiting streams and calls that the server stops, so that they do not delay it. Each phase
// comes once, in order. A late subscriber is told at once. Thread-safe.
class StopSignal {
 public:
  enum class Phase {
    // No new calls are taken. For calls that wait for work that ends with the server.
    kBegun,
    // gRPC will soon cut off open calls without a reason. For calls that may end by themselves.
    kLastCall,
  };
  using Listener = std::function<void()>;

  int64_t Subscribe(Listener listener, Phase phase = Phase::kBegun) {
    {
      absl::MutexLock lock(&mutex_);
      if (!reached_ || phase > *reached_) {
        listeners_[++last_id_] = {phase, std::move(listener)};
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

  void Fire(Phase phase = Phase::kBegun) {
    std::vector<Listener> told;
    {
      absl::MutexLock lock(&mutex_);
      if (!reached_ || phase > *reached_) reached_ = phase;
      for (auto& [id, listener] : listeners_) {
        if (listener.first <= phase) told.push_back(std::move(listener.second));
      }
      absl::erase_if(listeners_,
                     [phase](const auto& entry) { return entry.second.first <= phase; });
    }
    for (const Listener& listener : told) listener();
  }

 private:
  absl::Mutex mutex_;
  std::optional<Phase> reached_ ABSL_GUARDED_BY(mutex_);
  int64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<int64_t, std::pair<Phase, Listener>> listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_STOP_SIGNAL_H_
