#ifndef TILEWRIGHT_TUNER_SEARCH_CANDIDATE_BUILDER_H_
#define TILEWRIGHT_TUNER_SEARCH_CANDIDATE_BUILDER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/support/steady_time.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/compile/compiler.h"
#include "tuner/search/clock.h"
#include "tuner/store/tuning_store.h"
#include "tuner/template/registry.h"
#include "tuner/worker/cancellation.h"

namespace tilewright {

// A candidate after its build: a kernel with its cubin, or the reason why there is none.
struct BuiltCandidate {
  v1::Candidate candidate;  // variant, prediction and, if the build failed, the failure.
  v1::Kernel kernel;        // Complete if the candidate has no failure.
};

struct BuildReport {
  std::vector<BuiltCandidate> candidates;  // In the order of the request.
  int compiled = 0;                        // Sources compiled now, not found in the cache.
  bool out_of_time = false;                // Some are DEFERRED, because the time ran out.
  bool worker_lost = false;                // Some are DEFERRED, because their workers were lost.
  absl::Status keep_failure;               // Why a kernel compiled now could not be kept.
};

// When building must end, so that time is left to measure the kernels.
struct BuildLimits {
  SteadyTime enough = SteadyTime::InfiniteFuture();  // After this, one kernel is enough.
  SteadyTime end = SteadyTime::InfiniteFuture();     // After this, Build waits for no kernel.
};

// Turns ranked variants into kernels: renders them, looks in the compile cache, compiles what is
// missing, completes the launch plans. Variants that differ only in run-time parameters render to
// the same source and share one compile. Has no state but its collaborators. Any thread.
class CandidateBuilder {
 public:
  CandidateBuilder(Compiler& compiler, TuningStore& store, Clock& clock)
      : compiler_(compiler), store_(store), clock_(clock) {}

  // Build calls them on the caller's thread.
  struct Callbacks {
    // Counts distinct sources.
    std::function<void(int done, int total, int failed)> on_progress;
    // Called as soon as the candidate at `index` is built or has failed, before others are
    // compiled. Candidates that were not compiled in time come last.
    std::function<absl::Status(std::size_t index, BuiltCandidate& candidate)> on_built;
  };

  absl::StatusOr<BuildReport> Build(const v1::Problem& problem, const v1::Target& target,
                                    const std::vector<RankedVariant>& variants,
                                    const BuildLimits& limits, const Cancellation& cancellation,
                                    const Callbacks& callbacks);

 private:
  struct SourceGroup;

  // Enters the outcome of a group in its candidates and calls on_built for each.
  absl::Status Complete(SourceGroup& group, const CompileOutcome& outcome,
                        const Callbacks& callbacks, BuildReport& report);

  // Compiles the groups that the cache does not have, within the limits.
  absl::Status CompileMissing(const BuildLimits& limits, const Cancellation& cancellation,
                              const Callbacks& callbacks, std::vector<SourceGroup>& groups,
                              BuildReport& report);

  Compiler& compiler_;
  TuningStore& store_;
  Clock& clock_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_CANDIDATE_BUILDER_H_
