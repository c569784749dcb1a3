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

// A flag as completed: "--layout", whether a value follows, and the words that it may be.
struct FlagWords {
  std::string flag;
  std::string help;
  bool takes_value = false;
  std::vector<std::string> values;
};

// What may follow a command: "" is the program itself, "tune gemm" a command.
struct CommandWords {
  std::string path;
  std::string help;
  std::vector<FlagWords> flags;
  std::vector<std::pair<std::string, std::string>> commands;  // Name and help.
};

std::vector<CommandWords> CollectWords(const CLI::App& root);

// The script that the shell sources. INVALID_ARGUMENT for a shell other than bash, zsh and fish.
absl::StatusOr<std::string> CompletionScript(std::string_view shell,
                                             const std::vector<CommandWords>& commands);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_COMPLETION_H_
