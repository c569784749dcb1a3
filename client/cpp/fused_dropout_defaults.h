#ifndef TILEWRIGHT_CLIENT_CPP_FUSED_DROPOUT_DEFAULTS_H_
#define TILEWRIGHT_CLIENT_CPP_FUSED_DROPOUT_DEFAULTS_H_

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// As of a GEMM: `problem` with the defaults that problem.proto documents, not validated. Pure.
v1::FusedDropoutProblem WithDefaults(const v1::FusedDropoutProblem& problem);

// Whether two problems (with defaults) can share a kernel: alike but for rows, columns, strides and
// the probability, where both have one.
bool SameFamily(const v1::FusedDropoutProblem& a, const v1::FusedDropoutProblem& b);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_FUSED_DROPOUT_DEFAULTS_H_
