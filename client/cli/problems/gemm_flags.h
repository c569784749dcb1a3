// The flags that describe a GEMM, and the same by column in a CSV file.
#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_GEMM_FLAGS_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_GEMM_FLAGS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/cli/problems/problem_fields.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright::cli {

using GemmFields = ProblemFields;

// Adds "--m", "--a-type", ... to `app`; what is given lands in `fields`, which must outlive it.
void AddGemmFlags(CLI::App& app, GemmFields& fields);

// The problem that `fields` describe. Checks the texts only: what makes sense is for the service
// to say. INVALID_ARGUMENT names the field ("gemm.a_type").
absl::StatusOr<v1::GemmProblem> ParseGemm(const GemmFields& fields);

// Whether ParseGemm knows a field of that name.
bool IsGemmField(std::string_view name);
std::string GemmFieldList();

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_GEMM_FLAGS_H_
