#ifndef TILEWRIGHT_PROTO_PROBLEM_SERVED_PROBLEMS_H_
#define TILEWRIGHT_PROTO_PROBLEM_SERVED_PROBLEMS_H_

#include "absl/status/status.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// UNIMPLEMENTED, naming the field, where no template of this version serves the
// well-formed, canonical `gemm`.
absl::Status CheckServed(const v1::GemmProblem& gemm);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_SERVED_PROBLEMS_H_
