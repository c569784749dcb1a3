#ifndef TILEWRIGHT_TUNER_TUNING_DEADLINES_H_
#define TILEWRIGHT_TUNER_TUNING_DEADLINES_H_

#include "absl/time/time.h"
#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/candidate_builder.h"

namespace tilewright {

// When a tuning has to end, and its compiling before that.
struct Deadlines {
  absl::Duration budget = absl::InfiniteDuration();
  absl::Time end = absl::InfiniteFuture();
  BuildLimits build;
};

// From the budget of `options`; `measures` says whether what is compiled is measured as well.
Deadlines DeadlinesOf(const v1::TuningOptions& options, bool measures, absl::Time start);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TUNING_DEADLINES_H_
