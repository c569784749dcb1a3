#ifndef TILEWRIGHT_TUNER_SEARCH_TUNER_H_
#define TILEWRIGHT_TUNER_SEARCH_TUNER_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/compile/compiler.h"
#include "tuner/profile/profiler.h"
#include "tuner/search/clock.h"
#include "tuner/search/search.h"
#include "tuner/search/tune_request.h"
#include "tuner/search/unstored_winners.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/store/tuning_store.h"
#include "tuner/worker/cancellation.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {

struct TuneResult {
  StoredWinner winner;
  int legal_configs = 0;
  int compiled = 0;
  int measured = 0;
  double compile_seconds = 0;
  double measure_seconds = 0;
  // Candidates were not tried, because their workers were killed, stopped or cut off from outside:
  // the winner is the best of the others, and the tuning is worth being run again.
  bool worker_lost = false;
};

// Whether running the tuning again may find what this time was lost with its workers.
inline bool WorkerWasLost(const absl::StatusOr<TuneResult>& result) {
  return result.ok() ? result->worker_lost : IsWorkerLost(result.status());
}

// Finds the best kernel of a problem: rank, compile, measure, pick, store. Owned by main();
// the collaborators outlive it. Tune may run on several threads for different problems.
class Tuner {
 public:
  Tuner(Compiler& compiler, Profiler& profiler, TuningStore& store, WinnerIndex& index,
        Clock& clock);

  // A winner that cannot be stored, as on a full disk, is returned and served all the same,
  // without an epoch; its reason says why. StoreUnstored stores it when that is possible.
  // FAILED_PRECONDITION, reason NO_CANDIDATE: every candidate failed (the message says
  // how); ERROR_BUDGET_NOT_PROVEN: without a GPU nobody can tell whether the problem's error
  // budget is kept. DEADLINE_EXCEEDED, reason BUDGET_TOO_SHORT: not even one candidate was
  // measured in time, nor had one been before. UNAVAILABLE as Compiler and Profiler;
  // reason WORKER_LOST: nothing was measured, and workers were lost from outside.
  // CANCELLED. UNIMPLEMENTED: no template, and no algorithm of cublasLt either.
  absl::StatusOr<TuneResult> Tune(const TuneRequest& request, const Cancellation& cancellation,
                                  const ProgressSink& progress);

  // Ranks by the model alone, compiles its first picks, stores the best that compiles as
  // PREDICTED and returns it: the answer at once of BEST_AVAILABLE. Never takes the place of a
  // measurement of the same problem and target, which is returned instead.
  absl::StatusOr<TuneResult> Predict(const TuneRequest& request, const Cancellation& cancellation);

  // Stores what could not be stored before; why not, where it still cannot be.
  absl::Status StoreUnstored();
  // How many winners are served that could not be stored.
  std::size_t unstored() const { return unstored_.size(); }
  // Does not store what waits to be stored for the problem and the target of `winner`.
  void ForgetUnstored(const StoredWinner& winner) { unstored_.Forget(winner); }

  // The kernel of a stored winner, with its cubin. DATA_LOSS where the blob is damaged.
  absl::StatusOr<v1::Kernel> LoadKernel(const StoredWinner& winner);

 private:
  // The stored winner that was measured for exactly this problem and target, if any, and if
  // its kernel can be served.
  std::optional<StoredWinner> MeasuredWinner(const TuneRequest& request);

  // `result` with that winner; `error` where there is none.
  absl::StatusOr<TuneResult> MeasuredOr(const TuneRequest& request, TuneResult result,
                                        const absl::Status& error);

  // The index's winner of exactly this problem and target, if any.
  IndexHit FindExact(const TuneRequest& request);

  // Serves a winner that could not be stored because of `cause`, and keeps it until it can be.
  void KeepUnstored(const TuneRequest& request, const std::string& cubin, const absl::Status& cause,
                    TuningRecord& record);
  // From the store, or of a winner that could not be stored.
  absl::StatusOr<std::string> GetCubin(const std::string& content_hash);

  // What to try, within the request's options.
  SearchPlan PlanSearch(const TuneRequest& request) const;

  // Stores the record and serves its winner, of the kernel `cubin`, from now on; `result` with
  // what is served. `kept`: why kernels that were compiled could not be kept, if they could not.
  absl::StatusOr<TuneResult> Store(const TuneRequest& request, TuningRecord& record,
                                   const std::string& cubin, const absl::Status& kept,
                                   TuneResult result);

  Compiler& compiler_;
  Profiler& profiler_;
  TuningStore& store_;
  WinnerIndex& index_;
  Clock& clock_;

  UnstoredWinners unstored_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_TUNER_H_
