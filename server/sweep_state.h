#ifndef TILEWRIGHT_SERVER_SWEEP_STATE_H_
#define TILEWRIGHT_SERVER_SWEEP_STATE_H_

#include <functional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

// A sweep as a resource, shared by the thread that works on it and those that watch it.
// Thread-safe.
class SweepState {
 public:
  // Called after a change, from the thread that made it: must not block. Answers whether
  // it wants to hear of the next one.
  using Observer = std::function<bool()>;

  explicit SweepState(v1::Sweep sweep) : sweep_(std::move(sweep)) {}

  v1::Sweep Snapshot() const {
    absl::MutexLock lock(&mutex_);
    return sweep_;
  }

  void Observe(Observer observer) {
    absl::MutexLock lock(&mutex_);
    observers_.push_back(std::move(observer));
  }

  void Update(const std::function<void(v1::Sweep&)>& change) {
    std::vector<Observer> observers;
    {
      absl::MutexLock lock(&mutex_);
      change(sweep_);
      observers.swap(observers_);
    }
    std::erase_if(observers, [](const Observer& observer) { return !observer(); });
    absl::MutexLock lock(&mutex_);
    observers_.insert(observers_.end(), observers.begin(), observers.end());
  }

 private:
  mutable absl::Mutex mutex_;
  v1::Sweep sweep_ ABSL_GUARDED_BY(mutex_);
  std::vector<Observer> observers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_SWEEP_STATE_H_
