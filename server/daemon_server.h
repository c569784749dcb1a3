#ifndef TILEWRIGHT_SERVER_DAEMON_SERVER_H_
#define TILEWRIGHT_SERVER_DAEMON_SERVER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/support/bundle_size.h"
#include "server/bundles/cache_service.h"
#include "server/bundles/signers.h"
#include "server/lookup/kernel_loader.h"
#include "server/lookup/kernel_service.h"
#include "server/lookup/kernel_uses.h"
#include "server/lookup/predictor.h"
#include "server/lookup/source_renderer.h"
#include "server/lookup/winner_signal.h"
#include "server/net/acceptor.h"
#include "server/net/executor.h"
#include "server/net/long_calls.h"
#include "server/net/permissions.h"
#include "server/net/shared_limit.h"
#include "server/net/stop_signal.h"
#include "server/net/user_servers.h"
#include "server/operation/caretaker.h"
#include "server/operation/metrics.h"
#include "server/operation/periodic.h"
#include "server/sweeps/sweep_runner.h"
#include "server/sweeps/tuning_service.h"
#include "server/tuning/device_table.h"
#include "server/tuning/revalidation_queue.h"
#include "server/tuning/scheduler.h"
#include "tuner/compile/compiler.h"
#include "tuner/profile/profiler.h"
#include "tuner/search/clock.h"
#include "tuner/search/tuner.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// Owns the services, their socket and everything they share. Owned by main() or a test. Stop and
// the getters may be called from any thread.
class DaemonServer {
 public:
  struct Options {
    std::string socket;
    std::string cache_dir;  // Contains the signing key for bundles.
    std::size_t max_queue = 256;
    std::size_t max_connections_per_user = 1024;
    std::size_t max_long_calls = kMaxLongCalls;
    std::size_t max_long_calls_of_user = kMaxLongCallsOfUser;
    int metrics_port = 0;  // 0: none.
    bool resume_sweeps = false;
    std::size_t max_bundle_bytes = kMaxBundleBytes;
    std::chrono::milliseconds bundle_stall{30000};
    std::chrono::milliseconds store_retry{5000};  // How often to retry what could not be stored.
    std::function<void()> on_cache_lost;          // Called when storing has failed for good.
    std::vector<uid_t> administrators;            // In addition to the daemon's own user and root.
    int64_t max_cache_bytes = 0;                  // The size that pruning leaves; 0: no limit.
    // How often to look for idle GPUs that can measure winners again.
    std::chrono::milliseconds revalidation_interval{500};
    // How long the start waits for the answers of drivers and libraries.
    absl::Duration device_patience = DeviceTable::kPatience;
  };

  // The objects that main() builds. All outlive the server.
  struct Collaborators {
    Compiler& compiler;
    Profiler& profiler;
    TuningStore& store;
    WinnerIndex& index;  // Already loaded.
    Tuner& tuner;
    Clock& clock;
  };

  static absl::StatusOr<std::unique_ptr<DaemonServer>> Start(const Options& options,
                                                             const Collaborators& collaborators);
  ~DaemonServer();  // Same as Stop without grace.

  // Takes no new calls and ends streams and waiting calls. Lets the other calls finish for `grace`,
  // then ends them too. Keeps unfinished sweeps in the store and ends tunings. A second call
  // returns at once.
  void Stop(absl::Duration grace);

  // Applies to connections from now on.
  void SetMaxConnectionsPerUser(std::size_t limit) { acceptor_->SetMaxConnectionsPerUser(limit); }

  // Between the two calls, new clients wait. One thread calls both, and never during Stop.
  void PauseAccepting() { acceptor_->Pause(); }
  void ResumeAccepting() { acceptor_->Start(); }

  // Returns a count that changes whenever somebody asks for something.
  int64_t Activity() const { return metrics_->Activity(); }
  // Returns whether a tuning, a sweep or a call is queued or under way.
  bool Busy() const;
  // Returns whether a connection is open that was accepted less than `age` ago.
  bool HasConnectionYounger(absl::Duration age) const {
    return acceptor_->HasConnectionYounger(age);
  }

 private:
  DaemonServer(const Options& options, const Collaborators& collaborators);

  absl::Status Listen(const Options& options);
  absl::StatusOr<TuneResult> Tune(TuneRequest request, const Cancellation& cancellation,
                                  const ProgressSink& progress);
  void ExportMetrics();
  // Announces a winner that a tuning or a prediction has stored.
  void Publish(const StoredWinner& winner);
  void NoteUses();

  Collaborators collaborators_;
  std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
  WinnerSignal winners_;
  StopSignal stop_;
  const Permissions permissions_;
  DeviceTable devices_;
  Executor executor_;
  Executor bundle_executor_;
  KernelLoader kernels_;
  Predictor predictor_;
  SourceRenderer sources_;
  Signers signers_;
  Scheduler scheduler_;
  SweepRunner sweeps_;
  KernelUses uses_;
  RevalidationQueue revalidation_;
  SharedLimit long_calls_;
  KernelServiceImpl kernel_service_;
  TuningServiceImpl tuning_service_;
  CacheServiceImpl cache_service_;
  UserServers servers_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<MetricsEndpoint> metrics_endpoint_;
  std::unique_ptr<Caretaker> caretaker_;
  std::atomic<bool> stopped_{false};
  std::unique_ptr<Periodic> revalidating_;
  std::unique_ptr<Periodic> noting_uses_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_DAEMON_SERVER_H_
