// Selects the variables that a started daemon gets, and compares them with a running daemon's.
#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_DAEMON_ENVIRONMENT_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_DAEMON_ENVIRONMENT_H_

#include <string>
#include <vector>

namespace tilewright::cli {

// Entries of the form "NAME=value".
using EnvironmentEntries = std::vector<std::string>;

EnvironmentEntries OwnEnvironment();

// Returns the entries that a daemon gets: TILEWRIGHT_*, XDG_*, CUDA_*, HOME, PATH, LD_LIBRARY_PATH,
// VIRTUAL_ENV, CONDA_PREFIX and TZ. The daemon gets nothing else, because it also serves other
// commands. Paths in the tool's own variables that are relative to `folder` become absolute,
// because the daemon runs in "/".
EnvironmentEntries DaemonEnvironment(const EnvironmentEntries& own, const std::string& folder);

// Compares the variables that decide which libraries and GPUs a daemon finds. Returns one phrase
// for each that differs: "CUDA_HOME is '/a' there and unset here".
std::vector<std::string> EnvironmentDifferences(const EnvironmentEntries& daemons,
                                                const EnvironmentEntries& own);

// Returns the end of an error message: that the daemon at `socket` was started with another
// environment. Empty if it was not, or if that cannot be found out.
std::string ExplainByEnvironment(const std::string& socket);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_DAEMON_ENVIRONMENT_H_
