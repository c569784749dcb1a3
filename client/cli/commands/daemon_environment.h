// What of this process's environment reaches a daemon that it starts, and what of a running
// daemon's environment differs from it.
#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_DAEMON_ENVIRONMENT_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_DAEMON_ENVIRONMENT_H_

#include <string>
#include <vector>

namespace tilewright::cli {

// "NAME=value" each.
using EnvironmentEntries = std::vector<std::string>;

EnvironmentEntries OwnEnvironment();

// The entries that a daemon gets: TILEWRIGHT_*, XDG_*, CUDA_*, HOME, PATH, LD_LIBRARY_PATH,
// VIRTUAL_ENV, CONDA_PREFIX and TZ. It serves other commands than the one that starts it, so the
// rest is none of its business. Files and folders that the tool's variables name relative to
// `folder` are made absolute: the daemon runs in "/".
EnvironmentEntries DaemonEnvironment(const EnvironmentEntries& own, const std::string& folder);

// Where a variable that decides which libraries and GPUs a daemon finds has another value in
// `daemons` than in `own`, one phrase each: "CUDA_HOME is '/a' there and unset here".
std::vector<std::string> EnvironmentDifferences(const EnvironmentEntries& daemons,
                                                const EnvironmentEntries& own);

// For the end of a message about a failure: that the daemon at `socket` was started with another
// environment, where it was. Empty where it was not, or where that cannot be found out.
std::string ExplainByEnvironment(const std::string& socket);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_DAEMON_ENVIRONMENT_H_
