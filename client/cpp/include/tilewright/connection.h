// Every RPC of the service, typed, with deadlines and with errors as absl::Status. Trainers use
// Client (client.h). Tools that list, explain, sweep or carry bundles use this.
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

// Where the daemon is, and who may run it.
struct ConnectOptions {
  // Unix socket of the daemon. Default empty: DefaultSocketPath().
  std::string socket_path;
  // How long Open waits for the daemon. A call waits as long for a daemon that went away, within
  // its own deadline. Must not be negative. 0: one attempt. Default 5 s.
  std::chrono::milliseconds connect_timeout{5000};
  // Who may run the daemon beside this process's own user and root. The daemon sends native code,
  // and this process runs it. Default unset: $TILEWRIGHT_DAEMON_UID, else nobody.
  std::optional<uid_t> daemon_user;
};

// A connection to one daemon over its Unix socket. Thread-safe.
//
// It connects anew by itself. A call that finds the daemon gone waits for it to come back, up to
// `connect_timeout` and no longer than its own timeout. Then it is sent once more. If the daemon
// does not come back, later calls fail at once for 10 s at most, and then one tries again. So a
// training loop pays for a dead daemon once. A call that is refused with RESOURCE_EXHAUSTED and a
// retry delay is sent again after the delay, a few times at most and within its timeout.
//
// Errors carry google.rpc.ErrorInfo {reason, metadata} as a payload, as the service sent it. These
// errors come from the connection itself:
// UNAVAILABLE: DAEMON_UNREACHABLE - no daemon listens there.
// UNAVAILABLE: DAEMON_FROZEN - a daemon listens but does not answer: it hangs or is stopped.
// UNAVAILABLE: CONNECTION_CLOSED, NOT_TILEWRIGHTD - the listener hung up, or is no tilewrightd.
// UNAVAILABLE: DAEMON_RESTARTED - the daemon was started anew while a client's Tune waited.
// UNAVAILABLE: CALL_CUT_OFF - the daemon ended the call without an answer: it is stopping, or this
//   client did not read for too long.
// DEADLINE_EXCEEDED: DAEMON_BUSY - the daemon lives and did not answer this call in time.
// PERMISSION_DENIED: SOCKET_NOT_PERMITTED, USER_NOT_PERMITTED - this user may not connect.
// PERMISSION_DENIED: DAEMON_NOT_TRUSTED - a user runs the daemon who may not: see `daemon_user`.
// RESOURCE_EXHAUSTED: TOO_MANY_CONNECTIONS - the user has all connections that it may have.
// UNIMPLEMENTED: OTHER_VERSION - the daemon has a version that does not know the call.
// FAILED_PRECONDITION: FORKED - the connection belongs to the process that forked this one.
//
// In a child after fork(), every call answers FORKED at once, and the destructor releases nothing.
class Connection {
 public:
  using Milliseconds = std::chrono::milliseconds;

  // The timeout of a call whose caller gives none.
  static constexpr Milliseconds kCallTimeout{30'000};
  // The same for a call that compiles. It may have to wait for the compiles of tunings.
  static constexpr Milliseconds kCompileTimeout{300'000};

  // Waits until the daemon answers, `connect_timeout` at most. Errors: see above.
  // INVALID_ARGUMENT: the socket path is empty or too long.
  static absl::StatusOr<std::shared_ptr<Connection>> Open(const ConnectOptions& options);
  ~Connection();

  const std::string& socket_path() const;

  // Returns OK if the daemon reports that it is serving.
  absl::Status CheckHealth(Milliseconds timeout);

  absl::StatusOr<v1::GetKernelResponse> GetKernel(const v1::GetKernelRequest& request,
                                                  Milliseconds timeout);
  absl::StatusOr<v1::BatchGetKernelsResponse> BatchGetKernels(
      const v1::BatchGetKernelsRequest& request, Milliseconds timeout);

  // Calls `on_update` on this thread with the answer now and with each better one that is stored.
  // Ends when `stop` is requested (CANCELLED) or when the service ends the watch (its status).
  // Attaches anew if the connection was lost. Then `on_update` may get the same answer twice.
  absl::Status WatchKernel(const v1::GetKernelRequest& request, std::stop_token stop,
                           const std::function<void(const v1::GetKernelResponse&)>& on_update);

  // With `compile` it takes seconds, and longer while the compile workers are busy.
  absl::StatusOr<v1::RenderSourceResponse> RenderSource(const v1::RenderSourceRequest& request,
                                                        Milliseconds timeout = kCompileTimeout);

  // Fills in an empty request_id, so that sending it again has no further effect. When `stop` is
  // requested, the call ends within 1.5 s. It ends with an error if there is no answer by then.
  absl::StatusOr<v1::Tuning> CreateTuning(v1::CreateTuningRequest request,
                                          const std::stop_token& stop = {});
  absl::StatusOr<v1::Tuning> GetTuning(const std::string& name,
                                       Milliseconds timeout = kCallTimeout);
  absl::StatusOr<v1::Tuning> CancelTuning(const std::string& name,
                                          Milliseconds timeout = kCallTimeout);
  // Calls `on_update` on this thread for each message until a final state, and returns the last
  // one. When `stop` is requested: CANCELLED. The watch ends, and the tuning goes on.
  absl::StatusOr<v1::Tuning> WatchTuning(const std::string& name, std::stop_token stop,
                                         const std::function<void(const v1::Tuning&)>& on_update);

  absl::StatusOr<v1::Sweep> CreateSweep(v1::CreateSweepRequest request);
  absl::StatusOr<v1::Sweep> GetSweep(const std::string& name);
  absl::StatusOr<v1::Sweep> CancelSweep(const std::string& name,
                                        Milliseconds timeout = kCallTimeout);
  absl::StatusOr<v1::Sweep> WatchSweep(const std::string& name, std::stop_token stop,
                                       const std::function<void(const v1::Sweep&)>& on_update);
  // Does what WatchSweep does, but messages have only what changed. So they are small, however
  // large the sweep is. The first message after attaching has no entries; GetSweep has them. An
  // older daemon answers UNIMPLEMENTED.
  absl::StatusOr<v1::SweepProgress> WatchSweepProgress(
      const std::string& name, std::stop_token stop,
      const std::function<void(const v1::SweepProgress&)>& on_update);

  absl::StatusOr<v1::ListDevicesResponse> ListDevices();

  absl::StatusOr<v1::ListWinnersResponse> ListWinners(const v1::ListWinnersRequest& request);
  // `stop` works as in CreateTuning.
  absl::StatusOr<v1::ExplainWinnerResponse> ExplainWinner(const v1::ExplainWinnerRequest& request,
                                                          const std::stop_token& stop = {});
  absl::StatusOr<v1::CacheStats> GetCacheStats();

  // Writes a bundle of the winners with these keys to `out`, or of all winners if `keys` is empty.
  // Returns the number of bytes. Writes what the bundle has and lacks to `summary`, unless it is
  // null. An older daemon leaves `summary` unchanged.
  absl::StatusOr<int64_t> ExportBundle(const std::vector<std::string>& keys, std::ostream& out,
                                       v1::ExportSummary* summary = nullptr);
  absl::StatusOr<v1::ImportBundleResponse> ImportBundle(std::istream& in);
  // Says what the bundle holds and what an import would do. Nothing is stored.
  absl::StatusOr<v1::InspectBundleResponse> InspectBundle(std::istream& in);

  // For administrators, down to BackupCache.
  absl::StatusOr<v1::ListSignersResponse> ListSigners();
  absl::StatusOr<v1::Signer> TrustSigner(const v1::TrustSignerRequest& request);
  absl::StatusOr<v1::DistrustSignerResponse> DistrustSigner(const std::string& signer);
  absl::StatusOr<v1::AdoptWinnersResponse> AdoptWinners();
  absl::StatusOr<v1::SigningKey> GetSigningKey();
  absl::StatusOr<v1::SigningKey> RotateSigningKey();

  // These two take minutes if the database is large.
  absl::StatusOr<v1::ForgetWinnersResponse> ForgetWinners(const v1::ForgetWinnersRequest& request);
  absl::StatusOr<v1::PruneCacheResponse> PruneCache(const v1::PruneCacheRequest& request);
  // Writes all that is stored to `out`. Returns the number of bytes.
  absl::StatusOr<int64_t> BackupCache(std::ostream& out);

 private:
  struct Impl;
  // Sends a bundle to one of the RPCs that take one.
  template <typename Response, typename Method>
  absl::StatusOr<Response> SendBundle(std::istream& in, Method method);

  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Returns whether work in this state has ended.
bool IsFinal(v1::WorkState state);

}  // namespace tilewright

#endif  // TILEWRIGHT_CONNECTION_H_
