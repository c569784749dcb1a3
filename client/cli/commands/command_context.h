#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_COMMAND_CONTEXT_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_COMMAND_CONTEXT_H_

#include <google/protobuf/message.h>

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

namespace CLI {
class App;
}

namespace tilewright::cli {

// The flags that every command has.
struct GlobalFlags {
  bool json = false;
  bool quiet = false;
  bool no_start = false;
  std::string socket;
  std::string cache_directory;
  std::string connect_timeout;
};

// Prints a failure as one line to `err`.
void PrintError(const absl::Status& status, std::ostream& err, const Style& style);

// What a command runs with: its streams and the daemon. One for a process. Not thread-safe.
class CommandContext {
 public:
  // `app` has parsed the command line. All references outlive this object.
  CommandContext(const CLI::App& app, const GlobalFlags& flags, std::ostream& out,
                 const Style& out_style, std::ostream& err, const Style& err_style)
      : app_(app),
        flags_(flags),
        out_(out),
        err_(err),
        out_style_(out_style),
        err_style_(err_style) {}

  // Returns where the daemon is, or where it would be started.
  absl::StatusOr<DaemonPlace> place() const {
    return ResolvePlace(flags_.socket, flags_.cache_directory);
  }
  // Returns " --cache-dir 'DIR' --socket 'PATH'", without a flag that was not typed. A command in a
  // message has these flags, so that it asks the same daemon.
  std::string PlaceFlags() const;
  // Returns the output file that the person named. OutputFile::At says which files are refused.
  absl::StatusOr<OutputFile> output_file(const std::string& path) const;
  // Returns a client that is connected to the daemon. Starts the daemon if none runs. Ends by
  // --connect-timeout and by `deadline`, if they are given.
  absl::StatusOr<Client*> client(std::optional<SteadyTime> deadline = std::nullopt);

  const GlobalFlags& flags() const { return flags_; }
  bool json() const { return flags_.json; }
  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }
  const Style& out_style() const { return out_style_; }
  const Style& err_style() const { return err_style_; }
  // Returns whether progress is shown: not with --quiet, and with --json only on a terminal.
  bool shows_progress() const { return !flags_.quiet && (!flags_.json || err_style_.terminal); }

  // Prints one JSON object on a line of its own.
  void PrintJson(const Json& object) { out_ << JsonText(object) << '\n' << std::flush; }
  // Prints `message` if --json is given. Returns whether it is given.
  bool PrintedAsJson(const google::protobuf::Message& message) {
    if (flags_.json) PrintJson(ToJson(message));
    return flags_.json;
  }
  // Prints a line for people to stderr, unless --quiet is given.
  void Note(const std::string& text);
  // Prints an error line to stderr, for a command that printed its result but did not succeed.
  void Error(const absl::Status& status) { PrintError(status, err_, err_style_); }
  // Reports `failure`: an interrupted command could not tell the daemon. Returns the exit code.
  int Interrupted(const absl::Status& failure);
  // Says that the daemon was started with another environment. Empty if it was not.
  std::string EnvironmentNote() const;
  // Returns `status` in the words of the command line: "--bias" instead of
  // "gemm.epilogue.bias_mode". If the daemon did not find a library or a GPU and was started with
  // another environment, the message says so.
  absl::Status Explained(const absl::Status& status) const;

 private:
  const CLI::App& app_;
  const GlobalFlags& flags_;
  std::ostream& out_;
  std::ostream& err_;
  const Style out_style_;
  const Style err_style_;
  std::string socket_;  // The daemon's socket, once it is known.
  std::unique_ptr<Client> client_;
};

// What runs after the command line is parsed. Returns the exit code, or the failure.
using Action = std::function<absl::StatusOr<int>(CommandContext&)>;

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotFound = 3;
inline constexpr int kExitUnavailable = 4;
inline constexpr int kExitNotStored = 5;

// Returns the exit code for a failure.
int ExitCodeOf(const absl::Status& status);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_COMMAND_CONTEXT_H_
