#include "client/cpp/silence_guard.h"

#include <unistd.h>

#include "client/cpp/rpc_status.h"
#include "proto/support/errors.h"

namespace tilewright {

SilenceGuard::SilenceGuard(const ConnectOptions& options, grpc::ClientContext& context)
    : options_(options), context_(context), thread_([this] { Run(); }) {}

SilenceGuard::~SilenceGuard() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  ended_.notify_all();
  ending_.request_stop();
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
    const SteadyClock::time_point asked = SteadyClock::now();
    if (asked < heard_ + kSilence) continue;
    lock.unlock();
    const absl::StatusOr<int> fd =
        Dial(options_.socket_path, asked + kPatience, options_.daemon_user, ending_.get_token());
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

absl::Status EndOfTransfer(const absl::Status& ended, const absl::Status& frozen,
                           const std::string& socket_path) {
  if (!frozen.ok()) return frozen;
  if (IsTransportFailure(ended)) return UnreachableError(socket_path, ended);
  return WithOtherVersion(ended, socket_path);
}

}  // namespace tilewright
