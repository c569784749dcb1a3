// The subcommands that name a kind of problem, with the flags of that kind.
#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_FLAGS_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_FLAGS_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/problems/problem_fields.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright::cli {

// Every kind of problem. Static lifetime.
const std::vector<const ProblemKind*>& ProblemKinds();

// What the person gave to one of the subcommands.
struct ProblemFlags {
  ProblemFields fields;
  const ProblemKind* kind = nullptr;  // Set by the subcommand.
};

// Adds the subcommands to `command`. `finish` adds more flags and the callback to each. `problem`
// gets the given values and must outlive `command`.
void AddProblemCommands(CLI::App& command, ProblemFlags& problem,
                        const std::function<void(CLI::App& subcommand)>& finish);

absl::StatusOr<v1::Problem> ParseProblem(const ProblemFlags& flags);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_FLAGS_H_
