#ifndef TILEWRIGHT_TUNER_SEARCH_SEARCH_H_
#define TILEWRIGHT_TUNER_SEARCH_SEARCH_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/support/steady_time.h"
#include "tilewright/v1/kernel.pb.h"
#include "tuner/compile/compiler.h"
#include "tuner/profile/profiler.h"
#include "tuner/search/candidate_builder.h"
#include "tuner/search/clock.h"
#include "tuner/search/kernel_queue.h"
#include "tuner/search/search_progress.h"
#include "tuner/search/tune_request.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/store/tuning_store.h"
#include "tuner/template/registry.h"
#include "tuner/worker/cancellation.h"

namespace tilewright {

// The variants that a search tries.
struct SearchPlan {
  int legal_configs = 0;
  std::vector<RankedVariant> ranked;  // Those that may be served, the most promising first.
  std::size_t first = 0;              // How many of them the first generation has.
  std::size_t moves = 0;              // How many more are tried around its fastest ones.
};

struct SearchReport {
  // In the order they were chosen in. Each has its outcome, if the search measures.
  std::vector<BuiltCandidate> candidates;
  std::vector<v1::Candidate> vendors;
  int compiled = 0;
  bool out_of_time = false;
  bool worker_lost = false;   // Some are DEFERRED, because their workers were lost.
  absl::Status keep_failure;  // Why a kernel compiled now could not be kept.
  SteadyTime last_compile;    // After this, the search only measures.
};

// Builds candidates and has them measured while others compile. Then continues around those that
// the GPU found fast. One search of one problem, on the stack of Tuner::Tune.
class Search {
 public:
  struct Collaborators {
    Compiler& compiler;
    Profiler& profiler;
    TuningStore& store;
    WinnerIndex& index;
    Clock& clock;
  };

  // `request`, `cancellation` and `sink` outlive this. `start` is when the tuning began; the
  // trajectory counts from there.
  Search(const Collaborators& with, const TuneRequest& request, const Deadlines& deadlines,
         SteadyTime start, const Cancellation& cancellation, const ProgressSink& sink);

  // Returns the errors of Tuner::Tune.
  absl::StatusOr<SearchReport> Run(const SearchPlan& plan);

 private:
  absl::Status BuildGenerations(const SearchPlan& plan, const Cancellation& cancellation);
  absl::Status Build(const std::vector<RankedVariant>& variants, const BuildLimits& limits,
                     const Cancellation& cancellation);
  // Hands a built kernel to the Profile if it may be run.
  absl::Status Push(std::size_t index, BuiltCandidate& built);
  // Chooses the second generation by the seconds that a launch of each kernel of the first takes.
  std::vector<RankedVariant> ChooseMoves(const SearchPlan& plan,
                                         const std::vector<double>& seconds) const;
  void Enter(ProfileReport profile, absl::Duration begin);
  // Quarantines the kernel for this problem, or for all.
  void Quarantine(const v1::Candidate& candidate, const std::string& problem_key);
  // Tries the failed kernels at a second shape. A kernel that fails there too must run nowhere.
  void TryFailedElsewhere();

  const Collaborators with_;
  const TuneRequest& request_;
  const Deadlines deadlines_;
  const SteadyTime start_;
  const Cancellation& cancellation_;
  const std::string silicon_key_;
  const std::string problem_key_;
  SearchProgress progress_;
  KernelQueue queue_;
  SearchReport report_;
  std::vector<std::size_t> pushed_;  // Indices in report_.candidates, in the Profile's order.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_SEARCH_H_
