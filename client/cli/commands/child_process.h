#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_CHILD_PROCESS_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_CHILD_PROCESS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tilewright::cli {

// How a program ended, and everything that it printed.
struct Ended {
  int exit_code = 0;  // 128 plus the signal's number if a signal ended it.
  std::string out;
  std::string err;
};

// Runs `command` with this process's environment and standard input, and waits for its end.
// UNAVAILABLE, reason DAEMON_FAILED: it cannot be started.
absl::StatusOr<Ended> RunToEnd(const std::vector<std::string>& command);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_CHILD_PROCESS_H_
