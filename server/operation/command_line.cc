// The part of config.h that reads flags. A separate file, because CLI11 compiles slowly.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "server/operation/config.h"
#include "server/version.h"

namespace tilewright {

CommandLine ParseCommandLine(int argc, const char* const* argv) {
  CommandLine result;
  CLI::App app(
      "Tunes GPU kernels once and serves them to everyone, over gRPC on a Unix socket.\n"
      "A flag overrides a TILEWRIGHT_* variable, which overrides the TOML file.",
      "tilewrightd");
  app.footer(
      "The daemon looks for libnvrtc at $TILEWRIGHT_NVRTC. If that is not set, it looks in the\n"
      "loader's path, in $CUDA_HOME and in the wheels of the active Python.\n"
      "SIGTERM and SIGINT stop the daemon in order, a second one at once. SIGHUP reads the\n"
      "settings again (log_level, log_format, log_file, idle_timeout and max_connections_per_user\n"
      "change while the daemon runs) and reopens the log file. SIGUSR1 and SIGUSR2 do nothing.");
  app.set_version_flag("--version", absl::StrCat("tilewrightd ", kVersion));
  // `tilewright --cache-dir A serve --cache-dir B` gives a flag twice, and B is meant.
  app.option_defaults()->take_last();
  app.add_option("--config", result.layers.config_file,
                 "TOML file with the settings below; their names have underscores there "
                 "(default $XDG_CONFIG_HOME/tilewright/tilewrightd.toml, if it exists)")
      ->type_name("FILE");
  app.add_option("--restore", result.restore,
                 "Replace the database by this backup, keep the old database beside it, and end")
      ->type_name("FILE");
  app.add_flag("--json", result.json, "Print an error or the result of --restore as JSON");
  std::map<std::string, std::string> values;
  std::map<std::string, CLI::Option*> options;
  for (const Setting& setting : Settings()) {
    options[setting.name] =
        app.add_option(FlagName(setting), values[setting.name],
                       absl::StrCat(setting.help, " [", EnvironmentName(setting), "]"))
            ->type_name(setting.value_name);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      std::ostringstream out;
      app.exit(error, out);
      result.message = out.str();
      return result;
    }
    const std::string_view json = "--json";
    result.json = std::find(argv + 1, argv + argc, json) != argv + argc;
    result.status = MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                              absl::StrCat(error.what(), "; see `tilewrightd --help`"));
    return result;
  }
  for (const auto& [name, option] : options) {
    if (option->count() > 0) result.layers.flags[name] = values[name];
  }
  return result;
}

}  // namespace tilewright
