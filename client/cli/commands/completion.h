#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_COMPLETION_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_COMPLETION_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace CLI {
class App;
}

namespace tilewright::cli {

// A flag that is completed: "--layout", whether a value follows, and the values if they are known.
struct FlagWords {
  std::string flag;
  std::string help;
  bool takes_value = false;
  std::vector<std::string> values;
};

// What may follow a command. The path "" is the program itself; "tune gemm" is a command.
struct CommandWords {
  std::string path;
  std::string help;
  std::vector<FlagWords> flags;
  std::vector<std::pair<std::string, std::string>> commands;  // Name and help.
};

std::vector<CommandWords> CollectWords(const CLI::App& root);

// Returns the script that the shell sources. INVALID_ARGUMENT: the shell is not bash, zsh or fish.
absl::StatusOr<std::string> CompletionScript(std::string_view shell,
                                             const std::vector<CommandWords>& commands);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_COMPLETION_H_
