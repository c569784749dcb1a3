#ifndef TILEWRIGHT_SERVER_SWEEPS_SWEEP_STATE_H_
#define TILEWRIGHT_SERVER_SWEEPS_SWEEP_STATE_H_

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

// A sweep as a resource, shared by its working thread and its watchers. Thread-safe.
class SweepState {
 public:
  // Called after a change, on the thread that made it, with the new state. Must not block. Returns
  // whether it wants to hear of the next change.
  using Observer = std::function<bool(v1::WorkState state)>;

  explicit SweepState(v1::Sweep sweep)
      : sweep_(std::move(sweep)),
        changed_(static_cast<std::size_t>(sweep_.entries_size()), 0),
        failed_(CountFailed(sweep_)) {}

  v1::Sweep Snapshot() const {
    absl::MutexLock lock(&mutex_);
    return sweep_;
  }

  // Writes the current counts and the entries that changed after version `since`, without their
  // problems. Writes no entries if `since` is negative. Returns the current version.
  int64_t Progress(int64_t since, v1::SweepProgress& progress) const {
    progress.Clear();
    absl::MutexLock lock(&mutex_);
    progress.set_name(sweep_.name());
    progress.set_state(sweep_.state());
    progress.set_total(sweep_.entries_size());
    progress.set_done(sweep_.done());
    progress.set_failed(failed_);
    for (int i = 0; since >= 0 && i < sweep_.entries_size(); ++i) {
      if (changed_[static_cast<std::size_t>(i)] <= since) continue;
      v1::SweepEntryChange& change = *progress.add_entries();
      change.set_ordinal(i);
      *change.mutable_entry() = sweep_.entries(i);
      change.mutable_entry()->clear_problem();
    }
    if (sweep_.has_current()) *progress.mutable_current() = sweep_.current();
    if (running_ >= 0) progress.set_current_label(sweep_.entries(running_).label());
    return version_;
  }

  void Observe(Observer observer) {
    absl::MutexLock lock(&mutex_);
    observers_.push_back(std::move(observer));
  }

  // Changes everything but the entries.
  void Update(const std::function<void(v1::Sweep&)>& change) { Change(-1, change); }

  // Changes that entry, and the fields of the sweep that depend on it.
  void UpdateEntry(int ordinal, const std::function<void(v1::Sweep&, v1::SweepEntry&)>& change) {
    Change(ordinal, [&](v1::Sweep& sweep) { change(sweep, *sweep.mutable_entries(ordinal)); });
  }

 private:
  static bool IsFailed(const v1::SweepEntry& entry) {
    return entry.state() == v1::WORK_STATE_FAILED;
  }

  static int CountFailed(const v1::Sweep& sweep) {
    int failed = 0;
    for (const v1::SweepEntry& entry : sweep.entries()) failed += IsFailed(entry) ? 1 : 0;
    return failed;
  }

  void Change(int ordinal, const std::function<void(v1::Sweep&)>& change) {
    std::vector<Observer> observers;
    v1::WorkState state = v1::WORK_STATE_UNSPECIFIED;
    {
      absl::MutexLock lock(&mutex_);
      ++version_;
      if (ordinal >= 0) failed_ -= IsFailed(sweep_.entries(ordinal)) ? 1 : 0;
      change(sweep_);
      if (ordinal >= 0) {
        const v1::SweepEntry& entry = sweep_.entries(ordinal);
        failed_ += IsFailed(entry) ? 1 : 0;
        changed_[static_cast<std::size_t>(ordinal)] = version_;
        running_ = entry.state() == v1::WORK_STATE_RUNNING ? ordinal : -1;
      }
      state = sweep_.state();
      observers.swap(observers_);
    }
    std::erase_if(observers, [state](const Observer& observer) { return !observer(state); });
    absl::MutexLock lock(&mutex_);
    observers_.insert(observers_.end(), observers.begin(), observers.end());
  }

  mutable absl::Mutex mutex_;
  v1::Sweep sweep_ ABSL_GUARDED_BY(mutex_);
  int64_t version_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<int64_t> changed_ ABSL_GUARDED_BY(mutex_);  // Version of each entry's last change.
  int failed_ ABSL_GUARDED_BY(mutex_);
  int running_ ABSL_GUARDED_BY(mutex_) = -1;  // The entry under way.
  std::vector<Observer> observers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_SWEEPS_SWEEP_STATE_H_
