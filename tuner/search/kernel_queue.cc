#include "tuner/search/kernel_queue.h"

#include <utility>

namespace tilewright {

void KernelQueue::Push(v1::Kernel kernel) {
  absl::MutexLock lock(&mutex_);
  kernels_.push_back(std::move(kernel));
}

void KernelQueue::EndGeneration(bool last) {
  absl::MutexLock lock(&mutex_);
  complete_ = true;
  last_ = last;
}

std::optional<std::vector<double>> KernelQueue::AwaitContinue() {
  absl::MutexLock lock(&mutex_);
  const auto answered = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return asked_.has_value() || left_;
  };
  mutex_.Await(absl::Condition(&answered));
  return std::exchange(asked_, std::nullopt);
}

std::optional<v1::Kernel> KernelQueue::Next() {
  absl::MutexLock lock(&mutex_);
  const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return complete_ || !kernels_.empty();
  };
  mutex_.Await(absl::Condition(&ready));
  if (kernels_.empty()) return std::nullopt;
  v1::Kernel kernel = std::move(kernels_.front());
  kernels_.pop_front();
  return kernel;
}

bool KernelQueue::Continue(const std::vector<double>& seconds) {
  absl::MutexLock lock(&mutex_);
  if (last_) return false;
  complete_ = false;
  asked_ = seconds;
  return true;
}

void KernelQueue::Leave() {
  absl::MutexLock lock(&mutex_);
  left_ = true;
}

}  // namespace tilewright
