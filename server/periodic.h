#ifndef TILEWRIGHT_SERVER_PERIODIC_H_
#define TILEWRIGHT_SERVER_PERIODIC_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace tilewright {

// Calls a function again and again on a thread of its own, by the monotonic clock, until Stop.
// Owned by whoever needs it; Stop from any thread but its own.
class Periodic {
 public:
  Periodic(std::chrono::milliseconds interval, std::function<void()> function)
      : thread_([this, interval, function = std::move(function)] { Run(interval, function); }) {}
  ~Periodic() { Stop(); }
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

  // Waits for the call under way; there is none afterwards.
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(stopping_, true)) return;
    }
    changed_.notify_all();
    thread_.join();
  }

 private:
  void Run(std::chrono::milliseconds interval, const std::function<void()>& function) {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, interval, [this] { return stopping_; })) {
      lock.unlock();
      function();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // Guarded by mutex_.
  std::thread thread_;     // The last member: it uses the others.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_PERIODIC_H_
