#include "server/operation/config.h"

#include <cstddef>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "proto/support/daemon_files.h"
#include "proto/support/errors.h"
#include "proto/support/input_file.h"
#include "proto/support/private_files.h"
#include "proto/support/socket_path.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

absl::Status At(const std::string& where, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", status.message()));
}

std::optional<std::string> NonEmpty(const EnvironmentLookup& environment, const std::string& name) {
  std::optional<std::string> value = environment(name);
  if (value && value->empty()) return std::nullopt;
  return value;
}

// Far more than all settings need. The parser recurses for each part of a dotted key: 100 KiB of
// them would fill a stack.
constexpr std::size_t kMaxConfigBytes = std::size_t{16} << 10;
// A pipe may stay silent. On SIGHUP, the thread that waits for it also handles SIGTERM.
constexpr absl::Duration kConfigPatience = absl::Seconds(5);

// A file named by flag or variable must exist. The default file may be missing.
absl::StatusOr<std::optional<std::string>> FindConfigFile(const ConfigLayers& layers) {
  if (layers.config_file) return layers.config_file;
  if (auto named = NonEmpty(layers.environment, "TILEWRIGHT_CONFIG")) return named;
  std::string folder;
  if (auto xdg = NonEmpty(layers.environment, "XDG_CONFIG_HOME")) {
    folder = *xdg;
  } else if (auto home = NonEmpty(layers.environment, "HOME")) {
    folder = *home + "/.config";
  } else {
    return std::nullopt;
  }
  const std::string path = folder + "/tilewright/tilewrightd.toml";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  return path;
}

absl::Status ApplyFile(const ConfigLayers& layers, Config& config) {
  ASSIGN_OR_RETURN(const std::optional<std::string> path, FindConfigFile(layers));
  if (!path) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string text,
                   ReadInputFile(*path, kMaxConfigBytes, "a configuration", kConfigPatience));
  return ApplyToml(text, *path, config);
}

absl::Status ApplyEnvironment(const ConfigLayers& layers, Config& config) {
  for (const Setting& setting : Settings()) {
    const std::string name = EnvironmentName(setting);
    if (const auto value = NonEmpty(layers.environment, name)) {
      RETURN_IF_ERROR(At(name, setting.apply(*value, config)));
    }
  }
  return absl::OkStatus();
}

absl::Status ApplyFlags(const ConfigLayers& layers, Config& config) {
  for (const auto& [name, value] : layers.flags) {
    const Setting* setting = FindSetting(name);
    if (setting == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("no such setting: ", name));
    }
    RETURN_IF_ERROR(At(FlagName(*setting), setting->apply(value, config)));
  }
  return absl::OkStatus();
}

absl::Status FillPaths(const ConfigLayers& layers, Config& config) {
  if (config.cache_dir.empty()) {
    if (auto xdg = NonEmpty(layers.environment, "XDG_CACHE_HOME")) {
      config.cache_dir = *xdg + "/tilewright";
    } else if (auto home = NonEmpty(layers.environment, "HOME")) {
      config.cache_dir = *home + "/.cache/tilewright";
    } else {
      return absl::InvalidArgumentError(
          "no cache directory: give --cache-dir, or set XDG_CACHE_HOME or HOME");
    }
  }
  if (config.socket.empty()) config.socket = SocketOf(config.cache_dir);
  return CheckSocketPath(config.socket);
}

// Returns whether `name` is one of the names that clients use for the log of a daemon they start.
bool IsNameOfLog(const std::string& name, const Config& config) {
  const std::string stem = std::filesystem::path(RuntimeStem(config.cache_dir)).filename().string();
  return name == kDaemonLogName || name == absl::StrCat(stem, ".", kDaemonLogName);
}

// Refuses the daemon's own files: log lines would destroy a database.
absl::Status CheckLogFile(const Config& config) {
  if (config.log_file.empty()) return absl::OkStatus();
  const std::string own = DaemonFileAt(config.log_file, config.cache_dir, config.socket);
  if (own.empty() || IsNameOfLog(std::filesystem::path(own).filename().string(), config)) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "DAEMON_FILE",
                   absl::StrCat("log_file ", config.log_file, ": is the daemon's own file ", own,
                                ": name another one"),
                   {{"file", config.log_file}});
}

}  // namespace

std::optional<std::string> ProcessEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

absl::StatusOr<Config> LoadConfig(const ConfigLayers& layers) {
  Config config;
  RETURN_IF_ERROR(ApplyFile(layers, config));
  RETURN_IF_ERROR(ApplyEnvironment(layers, config));
  RETURN_IF_ERROR(ApplyFlags(layers, config));
  RETURN_IF_ERROR(FillPaths(layers, config));
  RETURN_IF_ERROR(CheckLogFile(config));
  return config;
}

}  // namespace tilewright
