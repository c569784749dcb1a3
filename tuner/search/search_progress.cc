#include "tuner/search/search_progress.h"

#include <algorithm>
#include <utility>

namespace tilewright {
namespace {

// Shares of the progress bar, in the order of the phases. Compiling is about half of a cold tune.
constexpr double kCompileShare = 0.5;
constexpr double kCheckShare = 0.25;

double Share(const v1::TuningProgress& step) {
  return step.total() > 0 ? static_cast<double>(step.done()) / step.total() : 0;
}

}  // namespace

void SearchProgress::Compiled(int done, int total, int failed) {
  absl::MutexLock lock(&mutex_);
  v1::TuningProgress step;
  step.set_phase(v1::TUNING_PHASE_COMPILING);
  step.set_done(done);
  step.set_total(total);
  step.set_failed(failed);
  const double fraction = Share(step) * (measures_ ? kCompileShare : 1);
  Show(std::move(step), fraction);
  if (done == total) compiling_ = false;
}

void SearchProgress::Measured(const v1::TuningProgress& step) {
  absl::MutexLock lock(&mutex_);
  best_seconds_ = step.best_seconds();
  const bool checking = step.phase() == v1::TUNING_PHASE_CHECKING;
  // The number of kernels to check is unknown until all are compiled.
  if (checking && compiling_) return;
  const double fraction =
      checking ? kCompileShare + kCheckShare * Share(step)
               : kCompileShare + kCheckShare + (1 - kCompileShare - kCheckShare) * Share(step);
  Show(step, fraction);
}

void SearchProgress::Show(v1::TuningProgress step, double fraction) {
  if (step.phase() < phase_) return;
  phase_ = step.phase();
  fraction_ = std::max(fraction_, fraction);
  step.set_fraction(fraction_);
  step.set_best_seconds(best_seconds_);
  sink_(step);
}

}  // namespace tilewright
