#include "client/cli/problems/problem_flags.h"

#include "client/cli/problems/fused_dropout_flags.h"
#include "client/cli/problems/gemm_flags.h"
#include "proto/support/status_macros.h"

namespace tilewright::cli {

void AddProblemCommands(CLI::App& command, ProblemFlags& problem,
                        const std::function<void(CLI::App& subcommand)>& finish) {
  command.require_subcommand(1);
  CLI::App* gemm = command.add_subcommand("gemm", "D[m,n] = epilogue(op(A)[m,k] . op(B)[k,n])");
  AddGemmFlags(*gemm, problem.fields);
  finish(*gemm);
  CLI::App* dropout = command.add_subcommand(
      "dropout", "Dropout of a tensor [rows,columns], with what is done before and after it");
  AddFusedDropoutFlags(*dropout, problem.fields);
  // Before the callback, which `finish` sets.
  dropout->parse_complete_callback([&problem] { problem.is_fused_dropout = true; });
  finish(*dropout);
}

absl::StatusOr<v1::Problem> ParseProblem(const ProblemFlags& flags) {
  v1::Problem problem;
  if (flags.is_fused_dropout) {
    ASSIGN_OR_RETURN(*problem.mutable_fused_dropout(), ParseFusedDropout(flags.fields));
  } else {
    ASSIGN_OR_RETURN(*problem.mutable_gemm(), ParseGemm(flags.fields));
  }
  return problem;
}

}  // namespace tilewright::cli
