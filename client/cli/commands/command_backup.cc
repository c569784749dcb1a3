// `tilewright backup`, `tilewright restore`
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/commands/child_process.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/daemon.h"
#include "client/cli/commands/files.h"
#include "client/cli/commands/interrupts.h"
#include "client/cli/output/format.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

absl::StatusOr<int> Backup(CommandContext& context, const std::string& path) {
  ASSIGN_OR_RETURN(const OutputFile file, context.output_file(path));
  ASSIGN_OR_RETURN(Client * client, context.client());
  int64_t bytes = 0;
  RETURN_IF_ERROR(file.Write([&](std::ostream& out) -> absl::Status {
    ASSIGN_OR_RETURN(bytes, client->connection().BackupCache(out));
    return absl::OkStatus();
  }));
  // A log beside the file is that of a database which was there before: a restore would apply it.
  for (const char* const suffix : {"-wal", "-shm"}) std::remove((path + suffix).c_str());
  if (context.json()) {
    context.PrintJson({{"file", path}, {"bytes", bytes}});
  } else {
    context.out() << "Wrote " << FormatBytes(static_cast<double>(bytes)) << " to "
                  << Printable(path) << ".\n";
  }
  return kExitOk;
}

std::string TextOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

absl::StatusCode CodeNamed(const std::string& name) {
  for (int code = 1; code <= 16; ++code) {
    const auto named = static_cast<absl::StatusCode>(code);
    if (absl::StatusCodeToString(named) == name) return named;
  }
  return absl::StatusCode::kInternal;
}

// Makes an error from what tilewrightd printed, if that is no JSON object: an older tilewrightd
// refused the flags, or a signal ended the program.
absl::Status FailureOf(const Ended& ended) {
  // The exit code of wrong usage.
  constexpr int kUsage = 2;
  const std::string said(absl::StripPrefix(
      absl::StripPrefix(absl::StripAsciiWhitespace(ended.err), "tilewrightd: "), "error: "));
  return MakeError(
      ended.exit_code == kUsage ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kInternal,
      "RESTORE_FAILED",
      said.empty() ? absl::StrCat("tilewrightd ended with exit code ", ended.exit_code) : said);
}

// Turns the error that tilewrightd printed into an error of this command.
absl::Status ErrorIn(const Json& error) {
  const std::string reason = TextOf(error, "reason");
  ErrorMetadata metadata;
  for (const auto& [key, value] : error.items()) {
    if (key == "code" || key == "reason" || key == "message" || !value.is_string()) continue;
    metadata.emplace_back(key, value.get<std::string>());
  }
  if (reason != "CACHE_IN_USE") {
    return MakeError(CodeNamed(TextOf(error, "code")), reason, TextOf(error, "message"), metadata);
  }
  const std::string pid = TextOf(error, "pid");
  return MakeError(
      absl::StatusCode::kUnavailable, reason,
      absl::StrCat("a tilewrightd", pid.empty() ? "" : absl::StrCat(" (process ", pid, ")"),
                   " runs on the cache directory ", TextOf(error, "directory"), ": stop it",
                   pid.empty() ? "" : absl::StrCat(" (`kill ", pid, "`)"),
                   " and run the command again"),
      metadata);
}

// The program of the daemon restores, without serving: only the daemon knows databases.
absl::StatusOr<int> Restore(CommandContext& context, const std::string& path) {
  ASSIGN_OR_RETURN(const DaemonPlace place, context.place());
  std::error_code failed;
  const std::string file = std::filesystem::absolute(path, failed);
  if (failed) {
    return MakeError(absl::StatusCode::kNotFound, "FILE_NOT_READABLE",
                     absl::StrCat("'", path, "': cannot be read: ", failed.message()),
                     {{"file", path}});
  }
  ASSIGN_OR_RETURN(const std::string program, FindDaemonBinary());
  // One interrupt does not end a restore. It takes seconds, and nobody should have to guess its
  // state.
  InterruptScope interrupt;
  ASSIGN_OR_RETURN(const Ended ended, RunToEnd({program, "--restore", file, "--cache-dir",
                                                place.cache_directory, "--json"}));
  interrupt.End();
  const Json result = Json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
  if (result.is_object() && result.contains("error")) return ErrorIn(result["error"]);
  if (ended.exit_code != 0 || !result.is_object()) return FailureOf(ended);
  if (context.json()) {
    context.PrintJson(result);
    return kExitOk;
  }
  context.out() << "Restored " << Printable(path) << ".\n";
  if (const std::string kept = TextOf(result, "kept"); !kept.empty()) {
    context.out() << "The old database is kept as " << Printable(kept) << ".\n";
  }
  if (const std::string note = TextOf(result, "note"); !note.empty()) {
    context.out() << Printable(note) << "\n";
  }
  return kExitOk;
}

}  // namespace

void AddBackup(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("backup", "Copy the whole database to a file");
  auto file = std::make_shared<std::string>();
  command->add_option("file", *file, "The file to write")->type_name("FILE")->required();
  SetAction(*command, action, [file](CommandContext& context) { return Backup(context, *file); });
}

void AddRestore(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("restore",
                         "Replace the database by a backup, or by what an upgrade kept. The old "
                         "database is kept beside it. No daemon may run on the cache directory");
  auto file = std::make_shared<std::string>();
  command->add_option("file", *file, "A file that backup wrote, or tilewright.db.schema-N")
      ->type_name("FILE")
      ->required();
  SetAction(*command, action, [file](CommandContext& context) { return Restore(context, *file); });
}

}  // namespace tilewright::cli
