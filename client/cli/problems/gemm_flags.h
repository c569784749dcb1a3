#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_GEMM_FLAGS_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_GEMM_FLAGS_H_

#include "client/cli/problems/problem_fields.h"

namespace tilewright::cli {

// The kind of GEMMs: `gemm`.
const ProblemKind& GemmKind();

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_GEMM_FLAGS_H_
