#ifndef TILEWRIGHT_TUNER_WORKER_CANCELLATION_H_
#define TILEWRIGHT_TUNER_WORKER_CANCELLATION_H_

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace tilewright {

// A shared flag that asks work to stop soon. Copies share the flag; any thread.
class Cancellation {
 public:
  void Cancel() { cancelled_->store(true, std::memory_order_relaxed); }
  bool IsCancelled() const {
    return cancelled_->load(std::memory_order_relaxed) || (condition_ && condition_());
  }

  // Returns a copy that is also cancelled while `condition` holds. Any thread may call it.
  Cancellation Or(std::function<bool()> condition) const {
    Cancellation either = *this;
    either.condition_ = [first = condition_, second = std::move(condition)] {
      return (first && first()) || second();
    };
    return either;
  }

 private:
  std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  std::function<bool()> condition_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_WORKER_CANCELLATION_H_
