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

// One connected socket with gRPC on it. It never reconnects: a broken Link is replaced. In a child
// of a process that used gRPC it only shows that the daemon answered. It has no channel there, and
// each call makes its own connection (plain_call.h).
struct Link {
  // Takes ownership of `fd`.
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
// Failures back off. The first one costs a caller at most its own deadline and the connect timeout.
// Then every call fails at once with the same finding until the back-off ends, so a training loop
// with a dead daemon pays once and not in each step. Later attempts are short, and the back-off
// doubles up to kLongestBackoff until an attempt succeeds. Half of the back-off is random: a
// thousand ranks lose their daemon at the same moment and must not come back together.
class LinkKeeper {
 public:
  static constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100);
  static constexpr absl::Duration kLongestBackoff = absl::Seconds(10);
  // How long an attempt after a failure waits for a daemon that does not answer. The back-off after
  // it takes at least ten times as long as the attempt.
  static constexpr absl::Duration kProbe = absl::Milliseconds(200);

  explicit LinkKeeper(ConnectOptions options) : options_(std::move(options)) {}

  // Returns the link. Makes one if there is none. Errors are those of DialUntil.
  absl::StatusOr<std::shared_ptr<Link>> Get(SteadyTime deadline, const std::stop_token& stop = {});

  // Notes that `link` is broken.
  void Lost(const Link* link);

  // Returns, by `deadline`, why a call over `link` had no answer in time. DAEMON_FROZEN: `link`
  // counts as lost then, and calls back off. DEADLINE_EXCEEDED, reason DAEMON_BUSY: the daemon
  // lives.
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
  // The longest time that one of the failed attempts was ready to wait.
  absl::Duration patience_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();
  std::minstd_rand random_ ABSL_GUARDED_BY(mutex_){std::random_device{}()};
};

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_LINK_H_
