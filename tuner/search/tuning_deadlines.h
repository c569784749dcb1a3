#ifndef TILEWRIGHT_TUNER_SEARCH_TUNING_DEADLINES_H_
#define TILEWRIGHT_TUNER_SEARCH_TUNING_DEADLINES_H_

#include "absl/time/time.h"
#include "proto/support/steady_time.h"
#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/search/candidate_builder.h"

namespace tilewright {

// When a tuning has to end, and its compiling before that.
struct Deadlines {
  absl::Duration budget = absl::InfiniteDuration();
  SteadyTime end = SteadyTime::InfiniteFuture();
  BuildLimits build;
};

// From the budget of `options`; `measures` says whether what is compiled is measured as well.
Deadlines DeadlinesOf(const v1::TuningOptions& options, bool measures, SteadyTime start);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_TUNING_DEADLINES_H_
