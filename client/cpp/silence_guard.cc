#include "client/cpp/silence_guard.h"

#include <unistd.h>

#include <utility>

#include "proto/support/errors.h"

namespace tilewright {

SilenceGuard::SilenceGuard(std::string socket_path, grpc::ClientContext& context)
    : socket_path_(std::move(socket_path)), context_(context), thread_([this] { Run(); }) {}

SilenceGuard::~SilenceGuard() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

void SilenceGuard::Heard() {
  const std::lock_guard lock(mutex_);
  heard_ = SteadyClock::now();
}

absl::Status SilenceGuard::verdict() {
  const std::lock_guard lock(mutex_);
  return verdict_;
}

void SilenceGuard::Run() {
  std::unique_lock lock(mutex_);
  while (!ended_.wait_until(lock, heard_ + kSilence, [this] { return over_; })) {
    const SteadyTime asked = SteadyClock::now();
    if (asked < heard_ + kSilence) continue;
    lock.unlock();
    const absl::StatusOr<int> fd = Dial(socket_path_, asked + kPatience);
    if (fd.ok()) close(*fd);
    lock.lock();
    if (heard_ > asked) continue;
    if (!fd.ok() && ReasonOf(fd.status()) == "DAEMON_FROZEN") {
      verdict_ = fd.status();
      context_.TryCancel();
      return;
    }
    // It lives, or the connection breaks by itself: asked again after another silence.
    heard_ = SteadyClock::now();
  }
}

}  // namespace tilewright
