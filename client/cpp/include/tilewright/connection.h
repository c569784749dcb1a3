// Every RPC of the service, typed, with deadlines and errors as absl::Status. Trainers use
// Client (client.h); tools that list, explain, sweep or carry bundles use this.
#ifndef TILEWRIGHT_CONNECTION_H_
#define TILEWRIGHT_CONNECTION_H_

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tilewright/v1/cache_service.pb.h"
#include "tilewright/v1/kernel_service.pb.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

struct ConnectOptions {
  // Unix socket of the daemon. Empty: DefaultSocketPath().
  std::string socket_path;
  // How long Open waits for the daemon, and a call, within its own deadline, for a daemon that went
  // away. Not below 0; 0: one attempt.
  std::chrono::milliseconds connect_timeout{5000};
  // Who may run the daemon beside this process's own user and root: what it sends is native code
  // that this process runs. Unset: $TILEWRIGHT_DAEMON_UID, else nobody.
  std::optional<uid_t> daemon_user;
};

// A connection to one daemon over its Unix socket. Thread-safe. Connects anew by itself: a call
// that finds the daemon gone waits up to `connect_timeout`, and no longer than its own timeout, for
// it to come back, and is sent once more. Where it does not come back, later calls fail at once for
// a while (at most 10 s, then one tries again): a training loop whose daemon is dead pays once. A
// call that is refused with RESOURCE_EXHAUSTED and a retry delay is sent again after the delay, a
// few times at most and within its timeout.
//
// Errors carry google.rpc.ErrorInfo {reason, metadata} as a payload, as the service sent it. What
// no service says:
// UNAVAILABLE: DAEMON_UNREACHABLE - no daemon listens there.
// UNAVAILABLE: DAEMON_FROZEN - one does, and does not answer: stopped, hanging, or starved.
// UNAVAILABLE: CONNECTION_CLOSED, NOT_TILEWRIGHTD - what listens there hung up, or is no daemon.
// UNAVAILABLE: DAEMON_RESTARTED - the daemon was started anew while a client's Tune waited.
// UNAVAILABLE: CALL_CUT_OFF - the daemon ended the call without an answer: it is stopping, or gave
//   up waiting for this client to read on.
// DEADLINE_EXCEEDED: DAEMON_BUSY - the daemon lives, and did not answer this call in time.
// PERMISSION_DENIED: SOCKET_NOT_PERMITTED, USER_NOT_PERMITTED - this user may not connect.
// PERMISSION_DENIED: DAEMON_NOT_TRUSTED - another user runs the daemon than may: `daemon_user`.
// RESOURCE_EXHAUSTED: TOO_MANY_CONNECTIONS - the user has all connections that it may have.
// UNIMPLEMENTED: OTHER_VERSION - the daemon is of a version that does not know the call.
// FAILED_PRECONDITION: FORKED - the connection belongs to the process that forked this one.
//
// In a child after fork() every call answers FORKED at once, and the destructor releases nothing.
class Connection {
 public:
  using Milliseconds = std::chrono::milliseconds;

  // The longest wait for a call that its caller gives no timeout.
  static constexpr Milliseconds kCallTimeout{30'000};
  // Of one that waits for a compile, behind those of tunings.
  static constexpr Milliseconds kCompileTimeout{300'000};

  // Waits until the daemon answers, `connect_timeout` at most. Errors as above.
  // INVALID_ARGUMENT: no socket path, or one that is too long.
  static absl::StatusOr<std::shared_ptr<Connection>> Open(const ConnectOptions& options);
  ~Connection();

  const std::string& socket_path() const;

  // OK where the daemon reports that it is serving.
  absl::Status CheckHealth(Milliseconds timeout);

  absl::StatusOr<v1::GetKernelResponse> GetKernel(const v1::GetKernelRequest& request,
                                                  Milliseconds timeout);
  absl::StatusOr<v1::BatchGetKernelsResponse> BatchGetKernels(
      const v1::BatchGetKernelsRequest& request, Milliseconds timeout);

  // Calls `on_update` on this thread with the answer now and with each better one that is stored,
  // until `stop` is requested (CANCELLED) or the service ends the watch (its status). Attaches
  // anew where the connection was lost, which may tell the same answer twice.
  absl::Status WatchKernel(const v1::GetKernelRequest& request, std::stop_token stop,
                           const std::function<void(const v1::GetKernelResponse&)>& on_update);

  // With `compile` it takes seconds, and as long as the compile workers are busy.
  absl::StatusOr<v1::RenderSourceResponse> RenderSource(const v1::RenderSourceRequest& request,
                                                        Milliseconds timeout = kCompileTimeout);

  // An empty request_id is filled in, so that a repeated send has no further effect. Once `stop` is
  // requested, the call ends within 1.5 s, with an error where there is no answer by then.
  absl::StatusOr<v1::Tuning> CreateTuning(v1::CreateTuningRequest request,
                                          const std::stop_token& stop = {});
  absl::StatusOr<v1::Tuning> GetTuning(const std::string& name,
                                       Milliseconds timeout = kCallTimeout);
  absl::StatusOr<v1::Tuning> CancelTuning(const std::string& name,
                                          Milliseconds timeout = kCallTimeout);
  // Calls `on_update` on this thread for each message until a final state, and returns the last.
  // CANCELLED once `stop` is requested: the watch ends, the tuning goes on.
  absl::StatusOr<v1::Tuning> WatchTuning(const std::string& name, std::stop_token stop,
                                         const std::function<void(const v1::Tuning&)>& on_update);

  absl::StatusOr<v1::Sweep> CreateSweep(v1::CreateSweepRequest request);
  absl::StatusOr<v1::Sweep> GetSweep(const std::string& name);
  absl::StatusOr<v1::Sweep> CancelSweep(const std::string& name,
                                        Milliseconds timeout = kCallTimeout);
  absl::StatusOr<v1::Sweep> WatchSweep(const std::string& name, std::stop_token stop,
                                       const std::function<void(const v1::Sweep&)>& on_update);
  // As WatchSweep, told what changed alone: little, however large the sweep. The first message of
  // an attachment has no entries: GetSweep has them. UNIMPLEMENTED by an older daemon.
  absl::StatusOr<v1::SweepProgress> WatchSweepProgress(
      const std::string& name, std::stop_token stop,
      const std::function<void(const v1::SweepProgress&)>& on_update);

  absl::StatusOr<v1::ListDevicesResponse> ListDevices();

  absl::StatusOr<v1::ListWinnersResponse> ListWinners(const v1::ListWinnersRequest& request);
  // `stop` as of CreateTuning.
  absl::StatusOr<v1::ExplainWinnerResponse> ExplainWinner(const v1::ExplainWinnerRequest& request,
                                                          const std::stop_token& stop = {});
  absl::StatusOr<v1::CacheStats> GetCacheStats();

  // Writes the bundle of the winners with these keys (empty: all) to `out`; bytes written. What it
  // has and lacks goes to `summary`, where given; an older daemon leaves that as it is.
  absl::StatusOr<int64_t> ExportBundle(const std::vector<std::string>& keys, std::ostream& out,
                                       v1::ExportSummary* summary = nullptr);
  absl::StatusOr<v1::ImportBundleResponse> ImportBundle(std::istream& in);
  // What the bundle holds and what an import would do; nothing is stored.
  absl::StatusOr<v1::InspectBundleResponse> InspectBundle(std::istream& in);

  // For administrators.
  absl::StatusOr<v1::ListSignersResponse> ListSigners();
  absl::StatusOr<v1::Signer> TrustSigner(const v1::TrustSignerRequest& request);
  absl::StatusOr<v1::DistrustSignerResponse> DistrustSigner(const std::string& signer);
  absl::StatusOr<v1::AdoptWinnersResponse> AdoptWinners();
  absl::StatusOr<v1::SigningKey> GetSigningKey();
  absl::StatusOr<v1::SigningKey> RotateSigningKey();

  // Minutes, where the database is large.
  absl::StatusOr<v1::ForgetWinnersResponse> ForgetWinners(const v1::ForgetWinnersRequest& request);
  absl::StatusOr<v1::PruneCacheResponse> PruneCache(const v1::PruneCacheRequest& request);
  // Writes all that is stored to `out`; bytes written.
  absl::StatusOr<int64_t> BackupCache(std::ostream& out);

 private:
  struct Impl;
  // Sends a bundle to one of the RPCs that take one.
  template <typename Response, typename Method>
  absl::StatusOr<Response> SendBundle(std::istream& in, Method method);

  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Whether work in this state has ended.
bool IsFinal(v1::WorkState state);

}  // namespace tilewright

#endif  // TILEWRIGHT_CONNECTION_H_
