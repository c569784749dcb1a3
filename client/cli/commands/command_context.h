#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_COMMAND_CONTEXT_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_COMMAND_CONTEXT_H_

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/commands/daemon.h"
#include "client/cli/commands/files.h"
#include "client/cli/output/json.h"
#include "client/cli/output/style.h"
#include "client/cpp/dial.h"
#include "tilewright/client.h"

namespace tilewright::cli {

// Flags of every command.
struct GlobalFlags {
  bool json = false;
  bool quiet = false;
  bool no_start = false;
  std::string socket;
  std::string cache_directory;
  std::string connect_timeout;
};

// One line on `err`, as every failure is told.
void PrintError(const absl::Status& status, std::ostream& err, const Style& style);

// What a command runs with: where it writes, and the daemon. One a process; one thread.
class CommandContext {
 public:
  CommandContext(const GlobalFlags& flags, std::ostream& out, const Style& out_style,
                 std::ostream& err, const Style& err_style)
      : flags_(flags), out_(out), err_(err), out_style_(out_style), err_style_(err_style) {}

  // Where the daemon is, or would be started.
  absl::StatusOr<DaemonPlace> place() const {
    return ResolvePlace(flags_.socket, flags_.cache_directory);
  }
  // Where a command writes what the person named; OutputFile::At says which files it may not be.
  absl::StatusOr<OutputFile> output_file(const std::string& path) const;
  // Connected to the daemon, which is started where none runs. Ends by --connect-timeout and by
  // `deadline`, where they are given.
  absl::StatusOr<Client*> client(std::optional<SteadyTime> deadline = std::nullopt);

  bool json() const { return flags_.json; }
  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }
  const Style& out_style() const { return out_style_; }
  const Style& err_style() const { return err_style_; }
  // Whether progress is shown: not with --quiet, and with --json only to a person.
  bool shows_progress() const { return !flags_.quiet && (!flags_.json || err_style_.terminal); }

  // One JSON object on a line of its own.
  void PrintJson(const Json& object) { out_ << JsonText(object) << '\n' << std::flush; }
  // A line for people on stderr; nothing with --quiet.
  void Note(const std::string& text);
  // An error line on stderr, for a command that printed its result and did not succeed all the
  // same.
  void Error(const absl::Status& status) { PrintError(status, err_, err_style_); }
  // The exit code of a command that was interrupted and could not tell the daemon, because of
  // `failure`, which it says.
  int Interrupted(const absl::Status& failure);
  // That the daemon was started with another environment, where it was; else empty.
  std::string EnvironmentNote() const;
  // `status`; where the daemon did not find a library or a GPU and was started with another
  // environment, its message says so.
  absl::Status Explained(const absl::Status& status) const;

 private:
  const GlobalFlags& flags_;
  std::ostream& out_;
  std::ostream& err_;
  const Style out_style_;
  const Style err_style_;
  std::string socket_;  // Of the daemon, once it is known.
  std::unique_ptr<Client> client_;
};

// What main runs after the command line was understood: the exit code, or the failure.
using Action = std::function<absl::StatusOr<int>(CommandContext&)>;

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotFound = 3;
inline constexpr int kExitUnavailable = 4;
inline constexpr int kExitNotStored = 5;

// The exit code of a failure.
int ExitCodeOf(const absl::Status& status);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_COMMAND_CONTEXT_H_
