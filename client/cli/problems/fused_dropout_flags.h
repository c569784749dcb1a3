#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_FUSED_DROPOUT_FLAGS_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_FUSED_DROPOUT_FLAGS_H_

#include "client/cli/problems/problem_fields.h"

namespace tilewright::cli {

// The kind of fused dropouts: `dropout`.
const ProblemKind& FusedDropoutKind();

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_FUSED_DROPOUT_FLAGS_H_
