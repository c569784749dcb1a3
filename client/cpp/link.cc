#include "client/cpp/link.h"

#include <grpcpp/create_channel_posix.h>
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

// Not gRPC's "unix:" addresses: those take '%', '#' and '?' in a path for something else, and
// split it at each comma.
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

absl::StatusOr<std::shared_ptr<Link>> LinkKeeper::Get(SteadyClock::time_point deadline) {
  std::unique_lock lock(mutex_);
  const auto settled = [this] { return !dialing_; };
  if (link_ == nullptr && !changed_.wait_until(lock, deadline, settled)) {
    // Another thread has been connecting for longer than this one may wait.
    return MakeError(absl::StatusCode::kUnavailable, "DAEMON_UNREACHABLE",
                     absl::StrCat("still connecting to tilewrightd at ", options_.socket_path),
                     {{"socket", options_.socket_path}});
  }
  if (link_ != nullptr) return link_;
  const SteadyClock::time_point began = SteadyClock::now();
  const SteadyClock::duration left = deadline - began;
  // What a hasty caller found out says little to one that has time.
  const bool more_patient = patience_ < options_.connect_timeout && left > 2 * patience_;
  if (failures_ > 0 && began < next_attempt_ && !more_patient) return last_failure_;
  const milliseconds longest =
      failures_ == 0 || more_patient ? options_.connect_timeout : milliseconds(kProbe);
  const SteadyClock::time_point limit = std::min(deadline, began + longest);
  dialing_ = true;
  lock.unlock();
  const absl::StatusOr<int> fd = DialUntil(options_.socket_path, limit, options_.daemon_user);
  std::shared_ptr<Link> made = fd.ok() ? std::make_shared<Link>(*fd) : nullptr;
  lock.lock();
  dialing_ = false;
  if (made != nullptr) {
    link_ = std::move(made);
    failures_ = 0;
    patience_ = SteadyClock::duration::zero();
  } else {
    Fail(fd.status(), began, limit - began);
  }
  changed_.notify_all();
  if (link_ == nullptr) return last_failure_;
  return link_;
}

void LinkKeeper::Fail(const absl::Status& status, SteadyClock::time_point began,
                      SteadyClock::duration patience) {
  const SteadyClock::time_point now = SteadyClock::now();
  failures_ = std::min(failures_ + 1, 20);
  last_failure_ = status;
  patience_ = std::max(patience_, patience);
  // The next attempt takes as long as this one, or kProbe.
  const SteadyClock::duration cost = std::min<SteadyClock::duration>(now - began, kProbe);
  const SteadyClock::duration doubled = kFirstBackoff * (1 << std::min(failures_ - 1, 10));
  const SteadyClock::duration backoff =
      std::min<SteadyClock::duration>(std::max(doubled, 10 * cost), kLongestBackoff);
  std::uniform_real_distribution<double> share(0.5, 1);
  next_attempt_ = now + std::chrono::duration_cast<SteadyClock::duration>(backoff * share(random_));
}

void LinkKeeper::Lost(const Link* link) {
  const std::lock_guard lock(mutex_);
  if (link_.get() == link) link_.reset();
}

absl::Status LinkKeeper::ExplainSilence(const Link* link, milliseconds waited,
                                        SteadyClock::time_point deadline) {
  const SteadyClock::time_point began = SteadyClock::now();
  const absl::StatusOr<int> fd = Dial(options_.socket_path, deadline, options_.daemon_user);
  if (fd.ok()) {
    close(*fd);
    return MakeError(
        absl::StatusCode::kDeadlineExceeded, "DAEMON_BUSY",
        absl::StrCat("tilewrightd at ", options_.socket_path, " did not answer within ",
                     Seconds(waited), "; it is alive: it is busy, or the work takes longer"),
        {{"socket", options_.socket_path}});
  }
  const std::lock_guard lock(mutex_);
  if (link_.get() == link) {
    link_.reset();
    Fail(fd.status(), began, waited);
  }
  return fd.status();
}

}  // namespace tilewright
