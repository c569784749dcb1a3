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

// A variant on its way to being measured: a kernel with its cubin, or why there is none.
struct BuiltCandidate {
  v1::Candidate candidate;  // variant, prediction and, where the build failed, the failure.
  v1::Kernel kernel;        // Complete where the candidate has no failure.
};

struct BuildReport {
  std::vector<BuiltCandidate> candidates;  // In the order asked for.
  int compiled = 0;                        // Sources compiled now, not found in the cache.
  bool out_of_time = false;                // Some are DEFERRED, because the time was up.
  bool worker_lost = false;                // Some are DEFERRED, because their workers were lost.
  absl::Status keep_failure;               // Why a kernel compiled now could not be kept.
};

// When building has to end, so that there is time to measure what was built.
struct BuildLimits {
  SteadyTime enough = SteadyTime::InfiniteFuture();  // From here on one kernel is enough.
  SteadyTime end = SteadyTime::InfiniteFuture();     // From here on not even one is waited for.
};

// Turns ranked variants into kernels: renders, looks in the compile cache, compiles what is
// missing, completes the launch plans. Variants that render to the same source (they differ in
// run-time parameters alone) share one compile. Stateless beyond its collaborators; any thread.
class CandidateBuilder {
 public:
  CandidateBuilder(Compiler& compiler, TuningStore& store, Clock& clock)
      : compiler_(compiler), store_(store), clock_(clock) {}

  // Called on the caller's thread, from within Build.
  struct Callbacks {
    // Distinct sources.
    std::function<void(int done, int total, int failed)> on_progress;
    // As soon as the candidate at `index` is complete, be it a failure, and before others are
    // compiled. Those that were not compiled in time come last.
    std::function<absl::Status(std::size_t index, BuiltCandidate& candidate)> on_built;
  };

  absl::StatusOr<BuildReport> Build(const v1::Problem& problem, const v1::Target& target,
                                    const std::vector<RankedVariant>& variants,
                                    const BuildLimits& limits, const Cancellation& cancellation,
                                    const Callbacks& callbacks);

 private:
  struct SourceGroup;

  // Enters what came of a group at its candidates and hands these on.
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
