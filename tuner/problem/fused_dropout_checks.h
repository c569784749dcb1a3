#ifndef TILEWRIGHT_TUNER_PROBLEM_FUSED_DROPOUT_CHECKS_H_
#define TILEWRIGHT_TUNER_PROBLEM_FUSED_DROPOUT_CHECKS_H_

#include "absl/status/status.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Checks every rule that problem.proto states for `problem`: INVALID_ARGUMENT names the field.
absl::Status CheckFusedDropout(v1::FusedDropoutProblem problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROBLEM_FUSED_DROPOUT_CHECKS_H_
