#include "client/cli/problems/tune_command.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright::cli {

absl::Status WithTuneCommand(const absl::Status& status, const ProblemFlags& problem,
                             const TargetFlags& target, const std::string& place_flags) {
  if (ReasonOf(status) != "NO_WINNER") return status;
  std::string command = absl::StrCat("tilewright tune ", problem.kind->CommandLine(problem.fields));
  if (!target.target.empty()) absl::StrAppend(&command, " --target ", target.target);
  if (target.device != TargetFlags().device) absl::StrAppend(&command, " --device ", target.device);
  absl::StrAppend(&command, place_flags);
  return WithMessage(status, absl::StrCat(status.message(), "; `", command, "` tunes it here"));
}

}  // namespace tilewright::cli
