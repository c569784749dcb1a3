// The flags that describe a fused dropout, and the same by column in a CSV file.
#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_FUSED_DROPOUT_FLAGS_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_FUSED_DROPOUT_FLAGS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/cli/problems/problem_fields.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright::cli {

// As AddGemmFlags, ParseGemm, IsGemmField and GemmFieldList, of this kind.
void AddFusedDropoutFlags(CLI::App& app, ProblemFields& fields);
absl::StatusOr<v1::FusedDropoutProblem> ParseFusedDropout(const ProblemFields& fields);
bool IsFusedDropoutField(std::string_view name);
std::string FusedDropoutFieldList();

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_FUSED_DROPOUT_FLAGS_H_
