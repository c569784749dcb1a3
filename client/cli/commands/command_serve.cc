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

void AddServe(CLI::App& app, Action& action) {
  CLI::App* serve = app.add_subcommand(
      "serve", "Run the daemon here with tilewrightd's flags (`tilewright serve --help`)");
  // The daemon parses all flags, also those that this command has too.
  serve->prefix_command();
  serve->set_help_flag();
  serve->callback([&action, serve] {
    action = [arguments = serve->remaining()](CommandContext&) -> absl::StatusOr<int> {
      return ExecDaemon(arguments);
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
