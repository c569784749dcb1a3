#include "client/cli/problems/problem_flags.h"

#include "client/cli/problems/fused_dropout_flags.h"
#include "client/cli/problems/gemm_flags.h"

namespace tilewright::cli {

const std::vector<const ProblemKind*>& ProblemKinds() {
  static const auto& kinds = *new std::vector<const ProblemKind*>{&GemmKind(), &FusedDropoutKind()};
  return kinds;
}

void AddProblemCommands(CLI::App& command, ProblemFlags& problem,
                        const std::function<void(CLI::App& subcommand)>& finish) {
  command.require_subcommand(1);
  for (const ProblemKind* kind : ProblemKinds()) {
    CLI::App* subcommand = command.add_subcommand(kind->command(), kind->help());
    kind->AddFlags(*subcommand, problem.fields);
    // This callback runs before the one that `finish` sets.
    subcommand->parse_complete_callback([&problem, kind] { problem.kind = kind; });
    finish(*subcommand);
  }
}

absl::StatusOr<v1::Problem> ParseProblem(const ProblemFlags& flags) {
  return flags.kind->Parse(flags.fields);
}

}  // namespace tilewright::cli
