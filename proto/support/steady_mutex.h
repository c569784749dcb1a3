#ifndef TILEWRIGHT_PROTO_SUPPORT_STEADY_MUTEX_H_
#define TILEWRIGHT_PROTO_SUPPORT_STEADY_MUTEX_H_

#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "proto/support/steady_time.h"

namespace tilewright {

// A mutex for waits with a limit. Our version of absl::Mutex waits by the wall clock: if that clock
// is set, a wait ends too early or hours too late. This one waits by the monotonic clock. As with
// absl::Mutex, every unlock checks the conditions, so nobody has to notify. Any thread.
class ABSL_LOCKABLE SteadyMutex {
 public:
  SteadyMutex() = default;
  SteadyMutex(const SteadyMutex&) = delete;
  SteadyMutex& operator=(const SteadyMutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }

  void Unlock() ABSL_UNLOCK_FUNCTION() {
    // Before the unlock, because a thread that wakes up may destroy this.
    if (waiting_ > 0) changed_.notify_all();
    mutex_.unlock();
  }

  // Waits until `condition()` holds, for at most `patience`. Returns whether it holds. Calls it
  // with the lock held. The lock is free between the calls.
  template <typename Condition>
  bool AwaitFor(const Condition& condition, absl::Duration patience)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    std::unique_lock<std::mutex> lock(mutex_, std::adopt_lock);
    ++waiting_;
    bool holds = true;
    if (patience > kForEver) {
      changed_.wait(lock, condition);
    } else {
      holds = changed_.wait_until(lock, (SteadyTime::Now() + patience).ToChrono(), condition);
    }
    --waiting_;
    lock.release();
    return holds;
  }

 private:
  static constexpr absl::Duration kForEver = absl::Hours(24 * 365);

  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ ABSL_GUARDED_BY(this) = 0;
};

// Holds a SteadyMutex for its scope.
class ABSL_SCOPED_LOCKABLE SteadyLock {
 public:
  explicit SteadyLock(SteadyMutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(*mutex) {
    mutex_.Lock();
  }
  ~SteadyLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  SteadyLock(const SteadyLock&) = delete;
  SteadyLock& operator=(const SteadyLock&) = delete;

 private:
  SteadyMutex& mutex_;
};

// An event that happens once. Threads may wait for it with a limit. Any thread.
class SteadyEvent {
 public:
  void Set() {
    SteadyLock lock(&mutex_);
    happened_ = true;
  }

  // Waits for at most `patience`. Returns whether the event has happened.
  bool WaitFor(absl::Duration patience) {
    SteadyLock lock(&mutex_);
    const auto happened = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return happened_; };
    return mutex_.AwaitFor(happened, patience);
  }

 private:
  SteadyMutex mutex_;
  bool happened_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_STEADY_MUTEX_H_
