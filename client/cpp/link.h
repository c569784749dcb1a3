#ifndef TILEWRIGHT_CLIENT_CPP_LINK_H_
#define TILEWRIGHT_CLIENT_CPP_LINK_H_

#include <grpcpp/channel.h>

#include <chrono>
#include <memory>
#include <random>
#include <stop_token>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cpp/dial.h"
#include "proto/support/steady_mutex.h"
#include "proto/support/steady_time.h"
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
  static constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100);
  static constexpr absl::Duration kLongestBackoff = absl::Seconds(10);
  // How long an attempt after a failure waits for a daemon that does not answer. It is followed by
  // a back-off of at least ten times the time it took.
  static constexpr absl::Duration kProbe = absl::Milliseconds(200);

  explicit LinkKeeper(ConnectOptions options) : options_(std::move(options)) {}

  // The link, made where there is none. Errors as DialUntil.
  absl::StatusOr<std::shared_ptr<Link>> Get(SteadyTime deadline, const std::stop_token& stop = {});

  // Says that `link` is broken.
  void Lost(const Link* link);

  // Why a call over `link` had no answer when its deadline came: DAEMON_FROZEN, after which the
  // link counts as lost and calls back off, or DEADLINE_EXCEEDED, reason DAEMON_BUSY, where the
  // daemon lives. Ends by `deadline`.
  absl::Status ExplainSilence(const Link* link, std::chrono::milliseconds waited,
                              SteadyTime deadline);

 private:
  void Fail(const absl::Status& status, SteadyTime began, absl::Duration patience)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ConnectOptions options_;
  SteadyMutex mutex_;
  std::shared_ptr<Link> link_ ABSL_GUARDED_BY(mutex_);
  bool dialing_ ABSL_GUARDED_BY(mutex_) = false;
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status last_failure_ ABSL_GUARDED_BY(mutex_);
  SteadyTime next_attempt_ ABSL_GUARDED_BY(mutex_);
  // How long the most patient of the failed attempts was ready to wait.
  absl::Duration patience_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();
  std::minstd_rand random_ ABSL_GUARDED_BY(mutex_){std::random_device{}()};
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_LINK_H_
