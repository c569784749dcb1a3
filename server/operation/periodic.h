#ifndef TILEWRIGHT_SERVER_OPERATION_PERIODIC_H_
#define TILEWRIGHT_SERVER_OPERATION_PERIODIC_H_

#include <pthread.h>

#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "proto/support/steady_mutex.h"

namespace tilewright {

// Calls a function at intervals on the monotonic clock, on a thread of its own, until Stop. Only
// the owner may call Stop.
class Periodic {
 public:
  // `name` is the thread's name: at most 15 characters.
  Periodic(const char* name, std::chrono::milliseconds interval, std::function<void()> function)
      : thread_(
            [this, name, interval = absl::FromChrono(interval), function = std::move(function)] {
              pthread_setname_np(pthread_self(), name);
              while (!stop_.WaitFor(interval)) function();
            }) {}
  ~Periodic() { Stop(); }
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

  // Waits for the call under way. No call follows.
  void Stop() {
    stop_.Set();
    if (thread_.joinable()) thread_.join();
  }

 private:
  SteadyEvent stop_;
  std::thread thread_;  // Must be the last member: it uses the other.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_OPERATION_PERIODIC_H_
