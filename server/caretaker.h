#ifndef TILEWRIGHT_SERVER_CARETAKER_H_
#define TILEWRIGHT_SERVER_CARETAKER_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "tuner/store/tuning_store.h"
#include "tuner/tuner.h"

namespace tilewright {

// Looks after what the daemon stands on: notices, once a second, that the cache directory was
// removed, and stores, every few seconds, what could not be stored before. By the monotonic clock,
// on a thread of its own. Owned by DaemonServer.
class Caretaker {
 public:
  // `on_lost` is called once, on the thread, when nothing can be stored any more for good.
  Caretaker(TuningStore& store, Tuner& tuner, std::chrono::milliseconds retry,
            std::function<void()> on_lost);
  ~Caretaker();  // As Stop.
  Caretaker(const Caretaker&) = delete;
  Caretaker& operator=(const Caretaker&) = delete;

  // Ends the thread, and tries one last time to store what could not be stored.
  void Stop();

 private:
  void Run();

  TuningStore& store_;
  Tuner& tuner_;
  const std::chrono::milliseconds retry_;
  const std::function<void()> on_lost_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // Guarded by mutex_.
  std::thread thread_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_CARETAKER_H_
