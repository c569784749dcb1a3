#ifndef TILEWRIGHT_TUNER_SEARCH_TUNE_REQUEST_H_
#define TILEWRIGHT_TUNER_SEARCH_TUNE_REQUEST_H_

#include <functional>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright {

struct TuneRequest {
  v1::Problem problem;  // Canonical.
  v1::Target target;
  // The local GPU to measure on; negative: none, rank by the model (PREDICTED).
  int device_ordinal = -1;
  v1::TuningOptions options;
};

// Never called from two threads at once.
using ProgressSink = std::function<void(const v1::TuningProgress&)>;

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_TUNE_REQUEST_H_
