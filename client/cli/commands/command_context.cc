#include "client/cli/commands/command_context.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/daemon.h"
#include "client/cli/commands/daemon_environment.h"
#include "client/cli/commands/interrupts.h"
#include "client/cli/output/format.h"
#include "client/cli/problems/parse.h"
#include "client/cli/problems/typed_words.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"

namespace tilewright::cli {

namespace {

// Returns whether the daemon failed to find something that its environment names.
bool DependsOnEnvironment(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  for (const char* name : {"NVRTC_NOT_FOUND", "NO_GPU", "GPU_UNAVAILABLE", "GPU_UNUSABLE",
                           "UNSUPPORTED_ARCHITECTURE", "COMPILE_WORKER_FAILED"}) {
    if (reason == name) return true;
  }
  return false;
}

// Returns "--bias-type" for "bias_type", or "" if the parsed command has no such flag.
std::string FlagNamed(const CLI::App& app, const std::string& name) {
  const std::string flag = FlagOf(name);
  for (const CLI::App* at = &app; at != nullptr;) {
    if (at->get_option_no_throw(flag) != nullptr) return flag;
    const auto parsed = at->get_subcommands();
    at = parsed.empty() ? nullptr : parsed.front();
  }
  return "";
}

std::chrono::milliseconds Left(SteadyTime deadline) {
  return std::max(TimeUntil(deadline), std::chrono::milliseconds(1));
}

}  // namespace

void PrintError(const absl::Status& status, std::ostream& err, const Style& style) {
  err << "tilewright: " << style.Paint(Colour::kRed, "error:") << ' ' << FormatError(status) << '\n'
      << std::flush;
}

std::string CommandContext::PlaceFlags() const {
  std::string text;
  if (!flags_.cache_directory.empty()) {
    absl::StrAppend(&text, " --cache-dir ", QuotedForShell(flags_.cache_directory));
  }
  if (!flags_.socket.empty()) absl::StrAppend(&text, " --socket ", QuotedForShell(flags_.socket));
  return text;
}

absl::StatusOr<OutputFile> CommandContext::output_file(const std::string& path) const {
  ASSIGN_OR_RETURN(const DaemonPlace where, place());
  return OutputFile::At(path, where);
}

absl::StatusOr<Client*> CommandContext::client(std::optional<SteadyTime> deadline) {
  if (client_ != nullptr) return client_.get();
  ASSIGN_OR_RETURN(const DaemonPlace where, place());
  std::optional<std::chrono::milliseconds> timeout;
  if (!flags_.connect_timeout.empty()) {
    ASSIGN_OR_RETURN(timeout, ParseDuration("connect-timeout", flags_.connect_timeout));
  }
  if (deadline.has_value()) timeout = std::min(timeout.value_or(Left(*deadline)), Left(*deadline));
  const SteadyTime begin = SteadyTime::Now();
  RETURN_IF_ERROR(EnsureDaemon(where, !flags_.no_start, timeout,
                               [this](const std::string& line) { Note(line); }));
  ConnectOptions options;
  options.socket_path = where.socket;
  if (timeout.has_value()) {
    options.connect_timeout =
        std::min(options.connect_timeout, Left(begin + absl::FromChrono(*timeout)));
  }
  ASSIGN_OR_RETURN(client_, Client::Connect(options));
  socket_ = where.socket;
  return client_.get();
}

int CommandContext::Interrupted(const absl::Status& failure) {
  Error(WithMessage(failure, absl::StrCat("interrupted, and the daemon may go on with the work: ",
                                          failure.message())));
  return kExitInterrupted;
}

std::string CommandContext::EnvironmentNote() const {
  return socket_.empty() ? "" : ExplainByEnvironment(socket_);
}

absl::Status CommandContext::Explained(const absl::Status& status) const {
  const absl::Status in_words =
      InTypedWords(status, [this](const std::string& name) { return FlagNamed(app_, name); });
  const std::string note = DependsOnEnvironment(status) ? EnvironmentNote() : "";
  if (note.empty()) return in_words;
  return WithMessage(in_words, absl::StrCat(in_words.message(), "; ", note));
}

void CommandContext::Note(const std::string& text) {
  if (!flags_.quiet) err_ << "tilewright: " << Printable(text) << '\n' << std::flush;
}

int ExitCodeOf(const absl::Status& status) {
  if (ReasonOf(status) == "OTHER_VERSION") return kExitUnavailable;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnimplemented:
      return kExitUsage;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kUnavailable:
      return kExitUnavailable;
    case absl::StatusCode::kCancelled:
      return kExitInterrupted;
    default:
      return kExitFailure;
  }
}

}  // namespace tilewright::cli
