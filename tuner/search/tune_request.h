#ifndef TILEWRIGHT_TUNER_SEARCH_TUNE_REQUEST_H_
#define TILEWRIGHT_TUNER_SEARCH_TUNE_REQUEST_H_

#include <functional>

#include "absl/time/time.h"
#include "proto/support/steady_time.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/search/candidate_builder.h"

namespace tilewright {

struct TuneRequest {
  v1::Problem problem;  // Canonical.
  v1::Target target;
  // The local GPU to measure on. Negative: no GPU; the model ranks the variants (PREDICTED).
  int device_ordinal = -1;
  v1::TuningOptions options;
};

// Never called from two threads at once.
using ProgressSink = std::function<void(const v1::TuningProgress&)>;

// When a tuning must end, and when its compiling must end.
struct Deadlines {
  absl::Duration budget = absl::InfiniteDuration();
  SteadyTime end = SteadyTime::InfiniteFuture();
  BuildLimits build;
};

// Computes the deadlines from the budget of `options`. `measures`: the tuning also measures.
Deadlines DeadlinesOf(const v1::TuningOptions& options, bool measures, SteadyTime start);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_TUNE_REQUEST_H_
