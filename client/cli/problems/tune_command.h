#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_TUNE_COMMAND_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_TUNE_COMMAND_H_

#include "absl/status/status.h"
#include "client/cli/problems/problem_flags.h"
#include "client/cli/problems/target_flags.h"

namespace tilewright::cli {

// Returns `status`. If no winner is stored for the problem, the message has the command that tunes
// it.
absl::Status WithTuneCommand(const absl::Status& status, const ProblemFlags& problem,
                             const TargetFlags& target);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_TUNE_COMMAND_H_
