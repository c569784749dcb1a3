#include "client/cli/commands/app.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands/command_context.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/version.h"
#include "client/cli/output/format.h"
#include "client/cli/output/json.h"
#include "client/cli/output/output.h"
#include "proto/support/errors.h"

namespace tilewright::cli {
namespace {

constexpr char kFooter[] =
    "Exit codes: 0 done; 1 failed, or the output could not be written; 2 wrong usage or input,\n"
    "or not implemented; 3 not found; 4 no daemon, or a daemon that cannot serve this; 5 tuned\n"
    "and served, but not stored yet; 130 interrupted.\n"
    "Environment: TILEWRIGHT_SOCKET, TILEWRIGHT_CACHE_DIR, TILEWRIGHT_DAEMON,\n"
    "TILEWRIGHT_DAEMON_UID (a user whose daemon is trusted beside your own and root's), NO_COLOR.\n"
    "If no daemon runs, the command starts one on the cache directory. It ends when idle.";

void AddGlobalFlags(CLI::App& app, GlobalFlags& flags) {
  app.add_flag("--json", flags.json, "Print one JSON object, or one a line");
  app.add_flag("-q,--quiet", flags.quiet, "Print no progress and no notes");
  app.add_flag("--no-start", flags.no_start, "Do not start a daemon if none runs");
  app.add_option("--socket", flags.socket,
                 "Unix socket of the daemon (default $TILEWRIGHT_SOCKET, else the one in the "
                 "cache directory)")
      ->type_name("PATH");
  app.add_option("--cache-dir", flags.cache_directory,
                 "Cache directory of the daemon (default $TILEWRIGHT_CACHE_DIR, "
                 "$XDG_CACHE_HOME/tilewright or ~/.cache/tilewright)")
      ->type_name("DIR");
  app.add_option(
         "--connect-timeout", flags.connect_timeout,
         "Longest wait for a daemon (default 60s if it has to start, 10s if it does not answer)")
      ->type_name("TIME");
}

void AddCommands(CLI::App& app, Action& action) {
  AddServe(app, action);
  AddTune(app, action);
  AddGet(app, action);
  AddList(app, action);
  AddExplain(app, action);
  AddSource(app, action);
  AddDevices(app, action);
  AddBench(app, action);
  AddSweep(app, action);
  AddExport(app, action);
  AddImport(app, action);
  AddForget(app, action);
  AddPrune(app, action);
  AddBackup(app, action);
  AddRestore(app, action);
  AddBundle(app, action);
  AddTrust(app, action);
  AddKey(app, action);
  AddVersion(app, action);
  AddCompletion(app, app, action);
}

// Adds the command that prints what `--help` prints. The words after it go to `words`.
CLI::App* AddHelp(CLI::App& app, std::vector<std::string>& words) {
  CLI::App* help = app.add_subcommand("help", "Show the help of a command, or this help");
  help->add_option("command", words, "The command, such as tune gemm (default: the program)")
      ->type_name("COMMAND");
  return help;
}

// Describes the flags of the program that `command` has too, as its help shows them.
std::string DescribeGlobalFlags(const CLI::App& root, const CLI::App& command) {
  const std::vector<const CLI::Option*> flags = root.get_options([&](const CLI::Option* option) {
    const bool is_own = option == root.get_help_ptr() || option == root.get_version_ptr();
    return !is_own && command.get_option_no_throw(option->get_name()) == nullptr;
  });
  const std::string text = CLI::Formatter().make_group("Options of every command", false, flags);
  return text.substr(text.find_first_not_of('\n'));
}

// Lets "tune gemm --json" set a flag of the program, and its help say so.
void AllowGlobalFlagsAnywhere(const CLI::App& root, CLI::App& app) {
  for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (sub->get_name() == "serve") continue;
    sub->fallthrough();
    sub->footer([&root, sub] { return DescribeGlobalFlags(root, *sub); });
    AllowGlobalFlagsAnywhere(root, *sub);
  }
}

// Refuses --hash "" and the like: an empty value, such as that of a variable that is not set, would
// silently mean that the flag is not there.
void RefuseEmptyValues(CLI::App& app) {
  for (CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    option->check([](const std::string& value) -> std::string {
      return value.empty() ? "must not be empty" : "";
    });
  }
  for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    RefuseEmptyValues(*sub);
  }
}

// The parser takes the next word as the value of "--name=".
absl::Status CheckAssignments(const std::vector<std::string>& arguments) {
  for (const std::string& word : arguments) {
    if (word.rfind("--", 0) != 0 || word.find('=') != word.size() - 1) continue;
    return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                     absl::StrCat(word.substr(0, word.size() - 1),
                                  ": must not be empty; see `tilewright --help`"));
  }
  return absl::OkStatus();
}

int Fail(const absl::Status& status, bool json, const Streams& streams) {
  if (json) streams.out << JsonText(ErrorToJson(status)) << '\n' << std::flush;
  PrintError(status, streams.err, streams.err_style);
  return ExitCodeOf(status);
}

// Returns "tune, get, list": the commands that may follow.
std::string CommandsOf(const CLI::App& app) {
  return absl::StrJoin(app.get_subcommands([](const CLI::App*) { return true; }), ", ",
                       [](std::string* out, const CLI::App* sub) { *out += sub->get_name(); });
}

// Returns whether the parser found words where a command should be.
bool IsNoCommand(const CLI::App& app, const std::vector<std::string>& rest) {
  return !rest.empty() && rest.front().rfind('-', 0) != 0 && !CommandsOf(app).empty();
}

// Returns the parser's message. For a misspelt or missing command, it lists the commands.
std::string UsageMessage(const CLI::App& app, const std::vector<std::string>& rest,
                         const CLI::ParseError& error) {
  const std::string commands = CommandsOf(app);
  if (IsNoCommand(app, rest)) {
    return absl::StrCat("there is no command '", rest.front(), "'; the commands are ", commands);
  }
  const bool lacks_command =
      rest.empty() && !commands.empty() && error.get_name() == "RequiredError";
  return lacks_command ? absl::StrCat("a command is missing: ", commands) : error.what();
}

// Reports the parser's message as our own error. Help and version are no errors. Help for
// a command that does not exist is an error.
int HandleParseError(const CLI::App& app, const CLI::ParseError& error, bool json,
                     const Streams& streams) {
  std::string command = "tilewright";
  const CLI::App* last = &app;
  while (!last->get_subcommands().empty()) {
    last = last->get_subcommands().front();
    absl::StrAppend(&command, " ", last->get_name());
  }
  const std::vector<std::string> rest = app.remaining(true);
  const bool is_answer = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
  if (is_answer && !IsNoCommand(*last, rest)) {
    app.exit(error, streams.out, streams.err);
    return kExitOk;
  }
  return Fail(
      MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                absl::StrCat(UsageMessage(*last, rest, error), "; see `", command, " --help`")),
      json, streams);
}

int RunCommand(const std::vector<std::string>& arguments, const Streams& streams) {
  GlobalFlags flags;
  Action action;
  CLI::App app("Tunes GPU kernels once and serves them to everyone.", "tilewright");
  app.set_version_flag("--version", absl::StrCat("tilewright ", kVersion));
  app.require_subcommand(1);
  app.footer(kFooter);
  AddGlobalFlags(app, flags);
  AddCommands(app, action);
  std::vector<std::string> words;
  const CLI::App* help = AddHelp(app, words);
  AllowGlobalFlagsAnywhere(app, app);
  RefuseEmptyValues(app);
  const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  if (absl::Status status = CheckAssignments(arguments); !status.ok()) {
    return Fail(status, json, streams);
  }
  try {
    // The parser takes its arguments from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return HandleParseError(app, error, json, streams);
  }
  if (help->parsed()) {
    words.emplace_back("--help");
    if (flags.json) words.emplace_back("--json");
    return RunCommand(words, streams);
  }
  CommandContext context(app, flags, streams.out, streams.out_style, streams.err,
                         streams.err_style);
  const auto code = action(context);
  return code.ok() ? *code : Fail(context.Explained(code.status()), flags.json, streams);
}

}  // namespace

void SetAction(CLI::App& command, Action& action, Action run) {
  command.callback([&action, run = std::move(run)] { action = run; });
}

int Run(const std::vector<std::string>& arguments, const Streams& streams) {
  const int code = RunCommand(arguments, streams);
  const absl::Status written = FinishOutput(streams.out);
  if (written.ok()) return code;
  PrintError(written, streams.err, streams.err_style);
  return code == kExitOk ? kExitFailure : code;
}

}  // namespace tilewright::cli
