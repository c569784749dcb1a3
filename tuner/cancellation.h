#ifndef TILEWRIGHT_TUNER_CANCELLATION_H_
#define TILEWRIGHT_TUNER_CANCELLATION_H_

#include <atomic>
#include <memory>

namespace tilewright {

// A shared flag that asks work to stop soon. Copies share the flag; any thread.
class Cancellation {
 public:
  void Cancel() { cancelled_->store(true, std::memory_order_relaxed); }
  bool IsCancelled() const { return cancelled_->load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_CANCELLATION_H_
