#ifndef TILEWRIGHT_TUNER_PROBLEM_GEMM_CANONICALIZER_H_
#define TILEWRIGHT_TUNER_PROBLEM_GEMM_CANONICALIZER_H_

#include "absl/status/status.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Fills the defaults of `gemm` and checks every rule of problem.proto: INVALID_ARGUMENT for
// what no version could serve.
absl::Status CanonicalizeGemm(v1::GemmProblem& gemm);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_PROBLEM_GEMM_CANONICALIZER_H_
