// `tilewright serve`, `tilewright version`
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/daemon.h"
#include "client/cli/commands/version.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright::cli {

absl::Status ExecDaemon(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(const std::string binary, FindDaemonBinary());
  std::vector<char*> words{const_cast<char*>(binary.c_str())};
  for (const std::string& argument : arguments) {
    words.push_back(const_cast<char*>(argument.c_str()));
  }
  words.push_back(nullptr);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  execv(binary.c_str(), words.data());
  return MakeError(absl::StatusCode::kUnavailable, "DAEMON_FAILED",
                   absl::StrCat(binary, " could not be started: ", std::strerror(errno)));
}

namespace {

// Returns the arguments of tilewrightd for "tilewright --json --cache-dir DIR serve ARGUMENTS".
std::vector<std::string> DaemonArguments(const GlobalFlags& flags,
                                         const std::vector<std::string>& given) {
  std::vector<std::string> arguments;
  if (flags.json) arguments.emplace_back("--json");
  if (!flags.cache_directory.empty()) {
    arguments.insert(arguments.end(), {"--cache-dir", flags.cache_directory});
  }
  if (!flags.socket.empty()) arguments.insert(arguments.end(), {"--socket", flags.socket});
  arguments.insert(arguments.end(), given.begin(), given.end());
  return arguments;
}

}  // namespace

void AddServe(CLI::App& app, Action& action) {
  CLI::App* serve = app.add_subcommand(
      "serve", "Run the daemon here with tilewrightd's flags (`tilewright serve --help`)");
  // The daemon parses the flags after `serve`, also those that this command has too.
  serve->prefix_command();
  serve->set_help_flag();
  serve->callback([&action, serve] {
    action = [given = serve->remaining()](CommandContext& context) -> absl::StatusOr<int> {
      return ExecDaemon(DaemonArguments(context.flags(), given));
    };
  });
}

void AddVersion(CLI::App& app, Action& action) {
  app.add_subcommand("version", "Show the version")->callback([&action] {
    action = [](CommandContext& context) -> absl::StatusOr<int> {
      if (context.json()) {
        context.PrintJson({{"version", kVersion}, {"commit", kCommit}});
      } else {
        context.out() << "tilewright " << kVersion << " (" << kCommit << ")\n";
      }
      return kExitOk;
    };
  });
}

}  // namespace tilewright::cli
