#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_CANONICALIZER_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_CANONICALIZER_H_

#include <string>

#include "absl/status/status.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Fills the defaults of `gemm` and checks every rule of problem.proto: INVALID_ARGUMENT for
// what no version could serve.
absl::Status CanonicalizeGemm(v1::GemmProblem& gemm);

// Checks `numerics` and fills its defaults; `path` is its field path.
absl::Status CanonicalizeNumerics(const std::string& path, v1::NumericsPolicy& numerics);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_CANONICALIZER_H_
