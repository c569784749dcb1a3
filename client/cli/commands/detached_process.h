#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_DETACHED_PROCESS_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_DETACHED_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tilewright::cli {

// Starts `command` as a process that inherits nothing from this one. It has its own session, runs
// in "/", appends its output to `log`, and has no other descriptor. It has umask 027, every CPU,
// the normal priority if this user may raise it, default signals that are not blocked, and
// `environment`. Nothing that one command was started with (a jobserver's pipe, `taskset`, `nice`)
// may bind the daemon that serves later commands.
// UNAVAILABLE, reason DAEMON_FAILED: it cannot be started.
absl::StatusOr<pid_t> StartDetached(const std::vector<std::string>& command,
                                    const std::vector<std::string>& environment,
                                    const std::string& log);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_DETACHED_PROCESS_H_
