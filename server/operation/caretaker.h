#ifndef TILEWRIGHT_SERVER_OPERATION_CARETAKER_H_
#define TILEWRIGHT_SERVER_OPERATION_CARETAKER_H_

#include <chrono>
#include <functional>

#include "absl/time/time.h"
#include "proto/support/steady_time.h"
#include "server/operation/periodic.h"
#include "tuner/search/tuner.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// Checks once a second whether the cache directory was removed. Every few seconds, retries to store
// what could not be stored. Uses the monotonic clock and a thread of its own. Owned by
// DaemonServer.
class Caretaker {
 public:
  // Calls `on_lost` once, on its thread, when storing has failed for good.
  Caretaker(TuningStore& store, Tuner& tuner, std::chrono::milliseconds retry,
            std::function<void()> on_lost);
  // Ends the thread and retries one last time.
  ~Caretaker();
  Caretaker(const Caretaker&) = delete;
  Caretaker& operator=(const Caretaker&) = delete;

 private:
  void Look();

  TuningStore& store_;
  Tuner& tuner_;
  const absl::Duration retry_;
  const std::function<void()> on_lost_;
  // Only the thread uses it.
  bool lost_ = false;
  SteadyTime retried_ = SteadyTime::Now();
  Periodic looking_;  // Must be the last member: it uses the others.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_OPERATION_CARETAKER_H_
