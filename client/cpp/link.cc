#include "client/cpp/link.h"

#include <grpcpp/create_channel_posix.h>
#include <grpcpp/support/channel_arguments.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cpp/plain_call.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

using std::chrono::milliseconds;

// A batch of 1000 kernels with their cubins is far above gRPC's default of 4 MiB.
constexpr int kMaxResponseBytes = 512 << 20;

// gRPC's "unix:" addresses do not work: they interpret '%', '#' and '?', and split at each comma.
std::shared_ptr<grpc::Channel> ChannelOver(int fd) {
  if (GrpcIsInherited()) {
    close(fd);
    return nullptr;
  }
  NoteGrpcUse();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxResponseBytes);
  return grpc::CreateCustomInsecureChannelFromFd("tilewrightd", fd, arguments);
}

std::string Seconds(milliseconds time) { return absl::StrCat(time.count() / 1000.0, " s"); }

}  // namespace

Link::Link(int fd)
    : channel(ChannelOver(fd)),
      kernels(plain() ? nullptr : v1::KernelService::NewStub(channel)),
      tunings(plain() ? nullptr : v1::TuningService::NewStub(channel)),
      cache(plain() ? nullptr : v1::CacheService::NewStub(channel)) {}

absl::StatusOr<std::shared_ptr<Link>> LinkKeeper::Get(SteadyTime deadline,
                                                      const std::stop_token& stop) {
  SteadyLock lock(&mutex_);
  const auto settled = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !dialing_; };
  if (link_ == nullptr && !mutex_.AwaitFor(settled, deadline - SteadyTime::Now())) {
    // Another thread has been connecting for longer than this one may wait.
    return MakeError(
        absl::StatusCode::kUnavailable, "DAEMON_UNREACHABLE",
        absl::StrCat("another thread is still connecting to tilewrightd at ", options_.socket_path),
        {{"socket", options_.socket_path}});
  }
  if (link_ != nullptr) return link_;
  const SteadyTime began = SteadyTime::Now();
  const absl::Duration left = deadline - began;
  // A finding of a caller with little time says little to one with more time.
  const absl::Duration timeout = absl::FromChrono(options_.connect_timeout);
  const bool more_patient = patience_ < timeout && left > 2 * patience_;
  if (failures_ > 0 && began < next_attempt_ && !more_patient) return last_failure_;
  const absl::Duration longest = failures_ == 0 || more_patient ? timeout : kProbe;
  const SteadyTime limit = std::min(deadline, began + longest);
  dialing_ = true;
  mutex_.Unlock();
  const absl::StatusOr<int> fd = DialUntil(options_.socket_path, limit, options_.daemon_user, stop);
  std::shared_ptr<Link> made = fd.ok() ? std::make_shared<Link>(*fd) : nullptr;
  mutex_.Lock();
  dialing_ = false;
  if (made != nullptr) {
    link_ = std::move(made);
    failures_ = 0;
    patience_ = absl::ZeroDuration();
  } else if (stop.stop_requested()) {
    // This says nothing about the daemon.
    return fd.status();
  } else {
    Fail(fd.status(), began, limit - began);
  }
  if (link_ == nullptr) return last_failure_;
  return link_;
}

void LinkKeeper::Fail(const absl::Status& status, SteadyTime began, absl::Duration patience) {
  const SteadyTime now = SteadyTime::Now();
  failures_ = std::min(failures_ + 1, 20);
  last_failure_ = status;
  patience_ = std::max(patience_, patience);
  // The next attempt takes as long as this one, or kProbe.
  const absl::Duration cost = std::min(now - began, kProbe);
  const absl::Duration doubled = kFirstBackoff * (1 << std::min(failures_ - 1, 10));
  const absl::Duration backoff = std::min(std::max(doubled, 10 * cost), kLongestBackoff);
  std::uniform_real_distribution<double> share(0.5, 1);
  next_attempt_ = now + backoff * share(random_);
}

void LinkKeeper::Lost(const Link* link) {
  SteadyLock lock(&mutex_);
  if (link_.get() == link) link_.reset();
}

absl::Status LinkKeeper::ExplainSilence(const Link* link, milliseconds waited,
                                        SteadyTime deadline) {
  const SteadyTime began = SteadyTime::Now();
  const absl::StatusOr<int> fd = Dial(options_.socket_path, deadline, options_.daemon_user);
  if (fd.ok()) {
    close(*fd);
    return MakeError(
        absl::StatusCode::kDeadlineExceeded, "DAEMON_BUSY",
        absl::StrCat("tilewrightd at ", options_.socket_path, " did not answer within ",
                     Seconds(waited), "; it is alive, but it is busy or the work takes longer"),
        {{"socket", options_.socket_path}});
  }
  SteadyLock lock(&mutex_);
  if (link_.get() == link) {
    link_.reset();
    Fail(fd.status(), began, absl::FromChrono(waited));
  }
  return fd.status();
}

}  // namespace tilewright
