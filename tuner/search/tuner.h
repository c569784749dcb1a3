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
  // Some candidates were not tried, because their workers were killed, stopped or cut off from
  // outside. The winner is the best of the others; running the tuning again may find a better one.
  bool worker_lost = false;
};

// Tells if running the tuning again may find what was lost with the workers this time.
inline bool WorkerWasLost(const absl::StatusOr<TuneResult>& result) {
  return result.ok() ? result->worker_lost : IsWorkerLost(result.status());
}

// Finds the best kernel of a problem: rank, compile, measure, pick, store. Owned by main(); the
// collaborators outlive it. Several threads may call Tune for different problems.
class Tuner {
 public:
  Tuner(Compiler& compiler, Profiler& profiler, TuningStore& store, WinnerIndex& index,
        Clock& clock);

  // If a winner cannot be stored (the disk may be full), it is still returned and served, without
  // an epoch; its reason says why. StoreUnstored stores it once that is possible.
  // FAILED_PRECONDITION, reason NO_CANDIDATE: every candidate failed; the message says how.
  // Reason ERROR_BUDGET_NOT_PROVEN: without a GPU it is unknown if the problem's error budget is
  // kept. DEADLINE_EXCEEDED, reason BUDGET_TOO_SHORT: no candidate was measured in time, now or
  // before. UNAVAILABLE: as Compiler and Profiler; reason WORKER_LOST: nothing was measured, and
  // workers were lost from outside. CANCELLED. UNIMPLEMENTED: neither a template nor an algorithm
  // of cublasLt serves the problem.
  absl::StatusOr<TuneResult> Tune(const TuneRequest& request, const Cancellation& cancellation,
                                  const ProgressSink& progress);

  // Ranks by the model alone, compiles its first picks, stores the best that compiles as PREDICTED
  // and returns it. This is BEST_AVAILABLE's immediate answer. If the same problem was measured on
  // the same target, returns that winner instead and keeps it.
  absl::StatusOr<TuneResult> Predict(const TuneRequest& request, const Cancellation& cancellation);

  // Stores the winners that could not be stored before. Returns the error if they still cannot be.
  absl::Status StoreUnstored();
  // Returns how many winners are served but not stored.
  std::size_t unstored() const { return unstored_.size(); }
  // Drops the unstored winner of the problem and target of `winner`.
  void ForgetUnstored(const StoredWinner& winner) { unstored_.Forget(winner); }

  // Returns the kernel of a stored winner, with its cubin. DATA_LOSS: the blob is damaged.
  absl::StatusOr<v1::Kernel> LoadKernel(const StoredWinner& winner);

 private:
  // Returns the stored winner that was measured for exactly this problem and target, if there is
  // one and its kernel can be served.
  std::optional<StoredWinner> MeasuredWinner(const TuneRequest& request);

  // Returns `result` with that winner, or `error` if there is none.
  absl::StatusOr<TuneResult> MeasuredOr(const TuneRequest& request, TuneResult result,
                                        const absl::Status& error);

  // Returns the index's winner of exactly this problem and target, if any.
  IndexHit FindExact(const TuneRequest& request);

  // Serves a winner that could not be stored because of `cause`, and keeps it until it can be.
  void KeepUnstored(const TuneRequest& request, const std::string& cubin, const absl::Status& cause,
                    TuningRecord& record);
  // Reads a cubin from the store or from an unstored winner.
  absl::StatusOr<std::string> GetCubin(const std::string& content_hash);

  // Plans what to try, within the request's options.
  SearchPlan PlanSearch(const TuneRequest& request) const;

  // Stores the record and serves its winner, whose kernel is `cubin`, from now on. Returns `result`
  // with the served winner. `kept` says why compiled kernels could not be kept, or is OK.
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
