#ifndef TILEWRIGHT_CLIENT_CPP_LINK_H_
#define TILEWRIGHT_CLIENT_CPP_LINK_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cpp/dial.h"
#include "tilewright/connection.h"
#include "tilewright/v1/cache_service.grpc.pb.h"
#include "tilewright/v1/kernel_service.grpc.pb.h"
#include "tilewright/v1/tuning_service.grpc.pb.h"

namespace tilewright {

// One connected socket with gRPC on it. It never connects again: a Link that broke is replaced. In
// a child of a process that used gRPC: only a sign that the daemon answered; there is no channel,
// and each call connects for itself (plain_call.h).
struct Link {
  // Takes `fd` over.
  explicit Link(int fd);

  bool plain() const { return channel == nullptr; }

  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::KernelService::Stub> kernels;
  const std::unique_ptr<v1::TuningService::Stub> tunings;
  const std::unique_ptr<v1::CacheService::Stub> cache;
};

// Keeps a Connection linked to its daemon, which may go away and come back. Owned by the
// Connection; thread-safe.
//
// Failures back off: the first one costs a caller at most its own deadline and the connect timeout.
// Until the back-off has ended every call fails at once with what was found, so that a training
// loop whose daemon is dead pays once and not in each step. Attempts after that are short, and the
// back-off doubles up to kLongestBackoff; it begins anew once an attempt succeeds. Half of it is
// random: a thousand ranks lost their daemon at the same moment and must not come back together.
class LinkKeeper {
 public:
  static constexpr std::chrono::milliseconds kFirstBackoff{100};
  static constexpr std::chrono::milliseconds kLongestBackoff{10'000};
  // How long an attempt after a failure waits for a daemon that does not answer. It is followed by
  // a back-off of at least ten times the time it took.
  static constexpr std::chrono::milliseconds kProbe{200};

  explicit LinkKeeper(ConnectOptions options) : options_(std::move(options)) {}

  // The link, made where there is none. Errors as DialUntil.
  absl::StatusOr<std::shared_ptr<Link>> Get(SteadyClock::time_point deadline);

  // Says that `link` is broken.
  void Lost(const Link* link);

  // Why a call over `link` had no answer when its deadline came: DAEMON_FROZEN, after which the
  // link counts as lost and calls back off, or DEADLINE_EXCEEDED, reason DAEMON_BUSY, where the
  // daemon lives. Ends by `deadline`.
  absl::Status ExplainSilence(const Link* link, std::chrono::milliseconds waited,
                              SteadyClock::time_point deadline);

 private:
  void Fail(const absl::Status& status, SteadyClock::time_point began,
            SteadyClock::duration patience);  // mutex_ is held.

  const ConnectOptions options_;
  // The standard library's, whose timed waits go by the steady clock. It guards all that follows.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Link> link_;
  bool dialing_ = false;
  int failures_ = 0;
  absl::Status last_failure_;
  SteadyClock::time_point next_attempt_;
  // How long the most patient of the failed attempts was ready to wait.
  SteadyClock::duration patience_ = SteadyClock::duration::zero();
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_LINK_H_
