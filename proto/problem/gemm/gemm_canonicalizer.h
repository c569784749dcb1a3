#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_CANONICALIZER_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_CANONICALIZER_H_

#include "absl/status/status.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Fills the defaults of `gemm` and checks every rule of problem.proto. INVALID_ARGUMENT: no version
// could serve it. UNIMPLEMENTED: no template of this version serves it.
absl::Status CanonicalizeGemm(v1::GemmProblem& gemm);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_CANONICALIZER_H_
