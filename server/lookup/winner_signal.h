#ifndef TILEWRIGHT_SERVER_LOOKUP_WINNER_SIGNAL_H_
#define TILEWRIGHT_SERVER_LOOKUP_WINNER_SIGNAL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

namespace tilewright {

// Tells watchers of a kernel that a new winner may answer their problem better. Thread-safe.
class WinnerSignal {
 public:
  // Called from the thread that stored the winner, so it must not block. May be called once more
  // after Unsubscribe has returned.
  using Listener = std::function<void()>;

  int64_t Subscribe(const std::string& shapeless_key, Listener listener) {
    absl::MutexLock lock(&mutex_);
    listeners_[shapeless_key][++last_id_] = std::make_shared<const Listener>(std::move(listener));
    return last_id_;
  }

  void Unsubscribe(const std::string& shapeless_key, int64_t id) {
    absl::MutexLock lock(&mutex_);
    const auto found = listeners_.find(shapeless_key);
    if (found == listeners_.end()) return;
    found->second.erase(id);
    if (found->second.empty()) listeners_.erase(found);
  }

  // Only problems that differ in nothing but shape can share kernels, so only those are told.
  void Notify(const std::string& shapeless_key) {
    std::vector<std::shared_ptr<const Listener>> listeners;
    {
      absl::MutexLock lock(&mutex_);
      const auto found = listeners_.find(shapeless_key);
      if (found == listeners_.end()) return;
      for (const auto& [id, listener] : found->second) listeners.push_back(listener);
    }
    for (const auto& listener : listeners) (*listener)();
  }

 private:
  absl::Mutex mutex_;
  int64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, absl::flat_hash_map<int64_t, std::shared_ptr<const Listener>>>
      listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_LOOKUP_WINNER_SIGNAL_H_
