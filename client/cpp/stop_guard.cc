#include "client/cpp/stop_guard.h"

namespace tilewright {

StopGuard::StopGuard(grpc::ClientContext& context, const std::stop_token& stop)
    : context_(context), stop_(stop) {
  if (stop_.stop_possible()) thread_ = std::thread([this] { Run(); });
}

StopGuard::~StopGuard() {
  if (!thread_.joinable()) return;
  {
    SteadyLock lock(&mutex_);
    over_ = true;
  }
  thread_.join();
}

bool StopGuard::gave_up() {
  SteadyLock lock(&mutex_);
  return gave_up_;
}

void StopGuard::Run() {
  // Before the lock: it calls at once where the stop was requested already.
  const std::stop_callback on_stop(stop_, [this] {
    SteadyLock lock(&mutex_);
    stopped_ = true;
  });
  SteadyLock lock(&mutex_);
  const auto asked = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopped_ || over_; };
  const auto over = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return over_; };
  mutex_.AwaitFor(asked, absl::InfiniteDuration());
  if (mutex_.AwaitFor(over, kPatience)) return;
  gave_up_ = true;
  context_.TryCancel();
}

}  // namespace tilewright
