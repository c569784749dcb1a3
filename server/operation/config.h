// Where the daemon's settings come from: flags over environment over file over defaults.
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

// Looks a variable up; nothing where it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

std::optional<std::string> ProcessEnvironment(const std::string& name);

struct ConfigLayers {
  std::map<std::string, std::string> flags;  // By setting name, only those given.
  std::optional<std::string> config_file;    // --config
  EnvironmentLookup environment = ProcessEnvironment;
};

// Every layer put together. INVALID_ARGUMENT says which layer, name and value: for
// the file also the line ("tilewrightd.toml:3: ...").
absl::StatusOr<Config> LoadConfig(const ConfigLayers& layers);

// Applies the settings of one TOML text. `file_name` is for messages.
absl::Status ApplyToml(std::string_view text, const std::string& file_name, Config& config);

// What the command line asked for.
struct CommandLine {
  ConfigLayers layers;
  // A database to put in the place of the stored one, rather than serve.
  std::optional<std::string> restore;
  // Text to print and exit with `exit_code`, rather than serve: help, version, an error.
  std::optional<std::string> message;
  int exit_code = 0;
};

CommandLine ParseCommandLine(int argc, const char* const* argv);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_OPERATION_CONFIG_H_
