#include "client/cpp/call_guards.h"

#include <unistd.h>

#include "client/cpp/dial.h"
#include "client/cpp/rpc_status.h"
#include "proto/support/errors.h"

namespace tilewright {

SilenceGuard::SilenceGuard(const ConnectOptions& options, grpc::ClientContext& context)
    : options_(options), context_(context), thread_([this] { Run(); }) {}

SilenceGuard::~SilenceGuard() {
  {
    SteadyLock lock(&mutex_);
    over_ = true;
  }
  ending_.request_stop();
  thread_.join();
}

void SilenceGuard::Heard() {
  SteadyLock lock(&mutex_);
  heard_ = SteadyTime::Now();
}

absl::Status SilenceGuard::verdict() {
  SteadyLock lock(&mutex_);
  return verdict_;
}

void SilenceGuard::Run() {
  SteadyLock lock(&mutex_);
  const auto over = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return over_; };
  while (!mutex_.AwaitFor(over, heard_ + kSilence - SteadyTime::Now())) {
    const SteadyTime asked = SteadyTime::Now();
    if (asked < heard_ + kSilence) continue;
    mutex_.Unlock();
    const absl::StatusOr<int> fd =
        Dial(options_.socket_path, asked + kPatience, options_.daemon_user, ending_.get_token());
    if (fd.ok()) close(*fd);
    mutex_.Lock();
    if (heard_ > asked) continue;
    if (!fd.ok() && ReasonOf(fd.status()) == "DAEMON_FROZEN") {
      verdict_ = fd.status();
      context_.TryCancel();
      return;
    }
    // It lives, or the connection breaks by itself. Asks again after another silence.
    heard_ = SteadyTime::Now();
  }
}

absl::Status EndOfTransfer(const absl::Status& ended, const absl::Status& frozen,
                           const std::string& socket_path) {
  if (!frozen.ok()) return frozen;
  if (IsTransportFailure(ended)) return UnreachableError(socket_path, ended);
  return WithOtherVersion(ended, socket_path);
}

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
  // Made before the lock is taken: it calls back at once if a stop was requested already.
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
