#ifndef TILEWRIGHT_CLIENT_C_PROBLEM_CONVERSION_H_
#define TILEWRIGHT_CLIENT_C_PROBLEM_CONVERSION_H_

#include "absl/status/statusor.h"
#include "client/c/tilewright.h"
#include "tilewright/client.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright::c {

// INVALID_ARGUMENT, reason UNKNOWN_VALUE, for a number that is no value of its enumeration;
// all else is for the service to check.
absl::StatusOr<v1::GemmProblem> ToProblem(const tilewright_gemm_problem* problem);

// `options` may be null: the defaults.
absl::StatusOr<GetOptions> ToOptions(const tilewright_get_options* options);

// No operands, alpha 1, beta 0.
tilewright_gemm_arguments DefaultArguments();
absl::StatusOr<GemmArguments> ToArguments(const tilewright_gemm_arguments* given);

}  // namespace tilewright::c

#endif  // TILEWRIGHT_CLIENT_C_PROBLEM_CONVERSION_H_
