// The commands. Each function adds one command to `app`. If the command line names that command,
// the parser sets `action` to what the command does.
#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_COMMANDS_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_COMMANDS_H_

#include <string>
#include <vector>

#include "client/cli/commands/command_context.h"

namespace CLI {
class App;
}

namespace tilewright::cli {

void AddServe(CLI::App& app, Action& action);
void AddTune(CLI::App& app, Action& action);
void AddGet(CLI::App& app, Action& action);
void AddList(CLI::App& app, Action& action);
void AddExplain(CLI::App& app, Action& action);
void AddSource(CLI::App& app, Action& action);
void AddDevices(CLI::App& app, Action& action);
void AddBench(CLI::App& app, Action& action);
void AddSweep(CLI::App& app, Action& action);
void AddExport(CLI::App& app, Action& action);
void AddImport(CLI::App& app, Action& action);
void AddForget(CLI::App& app, Action& action);
void AddPrune(CLI::App& app, Action& action);
void AddBackup(CLI::App& app, Action& action);
void AddRestore(CLI::App& app, Action& action);
void AddBundle(CLI::App& app, Action& action);
void AddTrust(CLI::App& app, Action& action);
void AddKey(CLI::App& app, Action& action);
void AddVersion(CLI::App& app, Action& action);
// Completes the commands and flags of `root`, the whole application.
void AddCompletion(CLI::App& app, const CLI::App& root, Action& action);

// Lets the parser set `action` to `run` if the command line names `command`.
void SetAction(CLI::App& command, Action& action, Action run);

// Replaces this process by tilewrightd with these arguments. Returns only if that fails.
absl::Status ExecDaemon(const std::vector<std::string>& arguments);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_COMMANDS_H_
