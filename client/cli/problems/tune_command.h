#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_TUNE_COMMAND_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_TUNE_COMMAND_H_

#include <string>

#include "absl/status/status.h"
#include "client/cli/problems/problem_flags.h"
#include "client/cli/problems/target_flags.h"

namespace tilewright::cli {

// Returns `status`. If it says that there is no winner to serve, the message has the command that
// tunes the problem. `place_flags` leads that command to the same daemon.
absl::Status WithTuneCommand(const absl::Status& status, const ProblemFlags& problem,
                             const TargetFlags& target, const std::string& place_flags);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_TUNE_COMMAND_H_
