// `tilewright backup`, `tilewright restore`
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "client/cli/commands.h"
#include "client/cli/daemon.h"
#include "client/cli/files.h"
#include "client/cli/format.h"
#include "proto/support/status_macros.h"

namespace tilewright::cli {
namespace {

absl::StatusOr<int> Backup(Session& session, const std::string& path) {
  ASSIGN_OR_RETURN(Client * client, session.client());
  int64_t bytes = 0;
  RETURN_IF_ERROR(WriteFileAtomically(path, [&](std::ostream& out) -> absl::Status {
    ASSIGN_OR_RETURN(bytes, client->connection().BackupCache(out));
    return absl::OkStatus();
  }));
  if (session.json()) {
    session.PrintJson({{"file", path}, {"bytes", bytes}});
  } else {
    session.out() << "Wrote " << FormatBytes(static_cast<double>(bytes)) << " to " << path << ".\n";
  }
  return kExitOk;
}

// The daemon's program does it, without serving: it alone knows databases.
absl::StatusOr<int> Restore(Session& session, const std::string& path) {
  ASSIGN_OR_RETURN(const DaemonPlace place, session.place());
  return ExecDaemon({"--restore", std::filesystem::absolute(path), "--cache-dir",
                     place.cache_directory, "--log-format", session.json() ? "json" : "text"});
}

}  // namespace

void AddBackup(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("backup", "Write all that is stored to a file");
  auto file = std::make_shared<std::string>();
  command->add_option("file", *file, "The file to write")->type_name("FILE")->required();
  command->callback(
      [&action, file] { action = [file](Session& session) { return Backup(session, *file); }; });
}

void AddRestore(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "restore",
      "Put a backup, or what an upgrade kept, in the place of what is stored, which is kept "
      "beside it; no daemon may run on the cache directory");
  auto file = std::make_shared<std::string>();
  command->add_option("file", *file, "What backup wrote, or tilewright.db.schema-N")
      ->type_name("FILE")
      ->required();
  command->callback(
      [&action, file] { action = [file](Session& session) { return Restore(session, *file); }; });
}

}  // namespace tilewright::cli
