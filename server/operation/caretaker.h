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

// Looks after what the daemon stands on: notices, once a second, that the cache directory was
// removed, and stores, every few seconds, what could not be stored before. By the monotonic clock,
// on a thread of its own. Owned by DaemonServer.
class Caretaker {
 public:
  // `on_lost` is called once, on the thread, when nothing can be stored any more for good.
  Caretaker(TuningStore& store, Tuner& tuner, std::chrono::milliseconds retry,
            std::function<void()> on_lost);
  // Ends the thread, and tries one last time to store what could not be stored.
  ~Caretaker();
  Caretaker(const Caretaker&) = delete;
  Caretaker& operator=(const Caretaker&) = delete;

 private:
  void Look();

  TuningStore& store_;
  Tuner& tuner_;
  const absl::Duration retry_;
  const std::function<void()> on_lost_;
  // Of the thread alone.
  bool lost_ = false;
  SteadyTime retried_ = SteadyTime::Now();
  Periodic looking_;  // The last member: it uses the others.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_OPERATION_CARETAKER_H_
