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
#include "tuner/store/bundle/bundle.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// The services on their socket, with all they share. Owned by main() (or a test); Stop and
// the readings from any thread.
class DaemonServer {
 public:
  struct Options {
    std::string socket;
    std::string cache_dir;  // Where the signing key of bundles is kept.
    std::size_t max_queue = 256;
    std::size_t max_connections_per_user = 1024;
    std::size_t max_long_calls = kMaxLongCalls;
    std::size_t max_long_calls_of_user = kMaxLongCallsOfUser;
    int metrics_port = 0;  // 0: none.
    bool resume_sweeps = false;
    std::size_t max_bundle_bytes = kMaxBundleBytes;
    std::chrono::milliseconds bundle_stall{30000};
    std::chrono::milliseconds store_retry{5000};  // Of what could not be stored.
    std::function<void()> on_cache_lost;          // Nothing can be stored any more: end.
    std::vector<uid_t> administrators;            // Beside the daemon's own user and root.
    int64_t max_cache_bytes = 0;                  // What pruning leaves; 0: no limit.
    // How often idle GPUs are looked for, for winners that are to be measured again.
    std::chrono::milliseconds revalidation_interval{500};
    // For what the machine has, at the start.
    absl::Duration device_patience = DeviceTable::kPatience;
  };

  // What main() builds; all of it outlives the server.
  struct Collaborators {
    Compiler& compiler;
    Profiler& profiler;
    TuningStore& store;
    WinnerIndex& index;  // Loaded.
    Tuner& tuner;
    Clock& clock;
  };

  static absl::StatusOr<std::unique_ptr<DaemonServer>> Start(const Options& options,
                                                             const Collaborators& collaborators);
  ~DaemonServer();  // As Stop without grace.

  // Takes nothing new, ends streams and calls that wait, lets the others finish for `grace`,
  // then ends them; keeps unfinished sweeps as such; ends tunings. The second call returns at
  // once.
  void Stop(absl::Duration grace);

  // For connections from now on.
  void SetMaxConnectionsPerUser(std::size_t limit) { acceptor_->SetMaxConnectionsPerUser(limit); }

  // Between the two, who connects waits. One thread calls both, and not beside Stop.
  void PauseAccepting() { acceptor_->Pause(); }
  void ResumeAccepting() { acceptor_->Start(); }

  // Changes whenever somebody asks for something.
  int64_t Activity() const { return metrics_->Activity(); }
  // Whether a tuning or a sweep is queued or under way, or a call is.
  bool Busy() const;
  // Whether a connection is open that was accepted less than `age` ago.
  bool HasConnectionYounger(absl::Duration age) const {
    return acceptor_->HasConnectionYounger(age);
  }

 private:
  DaemonServer(const Options& options, const Collaborators& collaborators);

  absl::Status Listen(const Options& options);
  absl::StatusOr<TuneResult> Tune(TuneRequest request, const Cancellation& cancellation,
                                  const ProgressSink& progress);
  void ExportMetrics();
  // Of a winner that a tuning or a prediction has stored.
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
