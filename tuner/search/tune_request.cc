#include "tuner/search/tune_request.h"

namespace tilewright {
namespace {

// After this part of a budget no further compile starts. The model's best candidates come first,
// so each further one is worth less, and a kernel that is compiled but not measured is worth
// nothing. Without a budget, a cold tune spends about as long on compiling as on measuring.
constexpr double kCompileBudgetShare = 0.5;
// The first kernel is worth waiting for beyond the budget, but not forever. A compile takes about
// a second; one that takes ten will hardly end.
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
