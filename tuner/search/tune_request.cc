#include "tuner/search/tune_request.h"

namespace tilewright {
namespace {

// Of a budget, the part after which no further compile is handed out. Candidates come best by
// the model first, so each further one is worth less, while one that is compiled and not
// measured is worth nothing; a cold tune without a budget needs about as long for either.
constexpr double kCompileBudgetShare = 0.5;
// Something to serve is worth waiting for beyond the budget, but not for ever: a compile takes
// about a second, and one that takes ten will hardly end.
constexpr absl::Duration kFirstKernelGrace = absl::Seconds(10);

}  // namespace

Deadlines DeadlinesOf(const v1::TuningOptions& options, bool measures, SteadyTime start) {
  Deadlines deadlines;
  if (!options.has_budget()) return deadlines;
  deadlines.budget =
      absl::Seconds(options.budget().seconds()) + absl::Nanoseconds(options.budget().nanos());
  deadlines.end = start + deadlines.budget;
  deadlines.build.enough = start + deadlines.budget * (measures ? kCompileBudgetShare : 1.0);
  deadlines.build.end = deadlines.end + kFirstKernelGrace;
  return deadlines;
}

}  // namespace tilewright
