#ifndef TILEWRIGHT_TUNER_SEARCH_SEARCH_PROGRESS_H_
#define TILEWRIGHT_TUNER_SEARCH_SEARCH_PROGRESS_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/search/tune_request.h"

namespace tilewright {

// Joins the progress of a search's parts, which run at the same time. Neither the phase nor the
// fraction of work done ever goes back. Owned by a Search; any thread.
class SearchProgress {
 public:
  // `sink` outlives this. `measures` says if the search also measures what it compiles.
  SearchProgress(const ProgressSink& sink, bool measures) : sink_(sink), measures_(measures) {}

  // Takes how many sources of the generation are compiled.
  void Compiled(int done, int total, int failed);
  // Takes a step of the Profile.
  void Measured(const v1::TuningProgress& step);

 private:
  void Show(v1::TuningProgress step, double fraction) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ProgressSink& sink_;
  const bool measures_;
  absl::Mutex mutex_;
  bool compiling_ ABSL_GUARDED_BY(mutex_) = true;  // The first generation is being compiled.
  v1::TuningPhase phase_ ABSL_GUARDED_BY(mutex_) = v1::TUNING_PHASE_UNSPECIFIED;
  double fraction_ ABSL_GUARDED_BY(mutex_) = 0;
  double best_seconds_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_SEARCH_PROGRESS_H_
