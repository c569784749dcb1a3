#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_DETACHED_PROCESS_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_DETACHED_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tilewright::cli {

// Starts `command` as a process that has nothing of this one but what is given here: a session of
// its own, in "/", its output appended to `log` and no other descriptor, umask 027, every CPU, the
// normal priority where this user may raise it, default signals that are not blocked, and
// `environment`. What one command was started with (a jobserver's pipe, `taskset`, `nice`) must not
// bind the daemon that serves the next ones.
// UNAVAILABLE, reason DAEMON_FAILED, where it cannot be started.
absl::StatusOr<pid_t> StartDetached(const std::vector<std::string>& command,
                                    const std::vector<std::string>& environment,
                                    const std::string& log);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_DETACHED_PROCESS_H_
