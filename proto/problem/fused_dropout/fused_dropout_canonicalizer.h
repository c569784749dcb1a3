#ifndef TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_FUSED_DROPOUT_CANONICALIZER_H_
#define TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_FUSED_DROPOUT_CANONICALIZER_H_

#include "absl/status/status.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Fills the defaults of `problem`, makes its strides explicit and checks every rule of
// problem.proto. INVALID_ARGUMENT names the field.
absl::Status CanonicalizeFusedDropout(v1::FusedDropoutProblem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_FUSED_DROPOUT_CANONICALIZER_H_
