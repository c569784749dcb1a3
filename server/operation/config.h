// Reads the daemon's settings. Flags override the environment, which overrides file and defaults.
#ifndef TILEWRIGHT_SERVER_OPERATION_CONFIG_H_
#define TILEWRIGHT_SERVER_OPERATION_CONFIG_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/operation/settings.h"

namespace tilewright {

// Returns the value of a variable, or nothing if it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

std::optional<std::string> ProcessEnvironment(const std::string& name);

struct ConfigLayers {
  std::map<std::string, std::string> flags;  // Only the given ones, by setting name.
  std::optional<std::string> config_file;    // --config
  EnvironmentLookup environment = ProcessEnvironment;
};

// Merges all layers. INVALID_ARGUMENT names the layer, the setting and the value; for the file also
// the line ("tilewrightd.toml:3: ...").
absl::StatusOr<Config> LoadConfig(const ConfigLayers& layers);

// Applies the settings of one TOML text. Messages use `file_name`.
absl::Status ApplyToml(std::string_view text, const std::string& file_name, Config& config);

// What the command line asks for.
struct CommandLine {
  ConfigLayers layers;
  // A backup to restore instead of serving.
  std::optional<std::string> restore;
  // Whether what the program prints itself, an error or the result of a restore, is JSON.
  bool json = false;
  // A text to print instead of serving: help or the version.
  std::optional<std::string> message;
  // INVALID_ARGUMENT, reason USAGE: the flags are wrong.
  absl::Status status;
};

CommandLine ParseCommandLine(int argc, const char* const* argv);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_OPERATION_CONFIG_H_
