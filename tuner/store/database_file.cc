#include "tuner/store/database_file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "spdlog/spdlog.h"
#include "tuner/store/migrations.h"

namespace tilewright {
namespace {

// The WAL goes first: a crash between two renames leaves a database whose WAL is kept
// aside, never a new database with an old WAL beside it.
constexpr const char* kSuffixes[] = {"-wal", "-shm", "-journal", ""};

bool Exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

absl::Status CannotWrite(std::string_view what, const std::string& path, int error) {
  return MakeError(absl::StatusCode::kResourceExhausted, "DISK_FULL",
                   absl::StrCat("cannot ", absl::string_view(what.data(), what.size()), " ",
                                path, ": ", std::strerror(error)));
}

// SQLite gives the WAL and the shared memory the mode of the database.
absl::Status MakeFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) return CannotWrite("open", path, errno);
  ::close(fd);
  return absl::OkStatus();
}

absl::StatusOr<std::string> MoveAside(const std::string& path, absl::Time now) {
  const std::string stem = absl::StrCat(
      path, ".damaged-", absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone()));
  std::string target = stem;
  for (int i = 2; Exists(target) || Exists(target + "-wal"); ++i) {
    target = absl::StrCat(stem, "-", i);
  }
  for (const char* suffix : kSuffixes) {
    if (::rename((path + suffix).c_str(), (target + suffix).c_str()) != 0 && errno != ENOENT) {
      return CannotWrite("move aside", path + suffix, errno);
    }
  }
  return target;
}

// Each tree of the database by a column that it is sorted by.
struct Tree {
  const char* table;
  const char* column;
};
constexpr Tree kTrees[] = {
    {"store_info", "id"},        {"silicons", "id"},           {"silicons", "key"},
    {"environments", "id"},      {"environments", "key"},      {"problems", "id"},
    {"problems", "key"},         {"kernels", "id"},            {"kernels", "content_hash"},
    {"compile_cache", "compile_key"}, {"winners", "epoch"},    {"winners", "problem_id"},
    {"samples", "epoch"},        {"quarantine", "content_hash"}, {"sweeps", "id"},
    {"sweeps", "name"},          {"sweep_requests", "sweep_id"}, {"sweep_entries", "sweep_id"},
};

// Reads the way to the first or the last row of each tree: where neither can be reached
// the tree is lost, and with it what the file is for. Rows in between may be damaged; they
// are left out as they are met.
void CheckTrees(SqliteConnection& connection) {
  for (const auto& [table, column] : kTrees) {
    if (!connection.database().tableExists(table)) {
      throw SQLite::Exception(absl::StrCat("table ", table, " is gone"), SQLITE_CORRUPT);
    }
    const std::string by = absl::StrCat("SELECT ", column, " FROM ", table, " ORDER BY ", column);
    try {
      connection.database().exec(by + " LIMIT 1");
    } catch (const SQLite::Exception& error) {
      if (!IsDamage(error)) throw;
      connection.database().exec(by + " DESC LIMIT 1");
    }
  }
}

// May throw.
absl::StatusOr<std::unique_ptr<SqliteConnection>> TryOpen(const std::string& path) {
  auto connection =
      std::make_unique<SqliteConnection>(path, SqliteConnection::Mode::kReadWrite);
  // Until it is known to be ours and sound, not a byte of it changes.
  connection->SetCheckpointOnClose(false);
  SQLite::Database& database = connection->database();
  RETURN_IF_ERROR(Migrate(Migrations(), database));
  CheckTrees(*connection);
  database.exec(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
      "PRAGMA journal_size_limit=67108864");
  connection->SetCheckpointOnClose(true);
  return connection;
}

}  // namespace

absl::StatusOr<OpenedDatabase> OpenDatabaseFile(const std::string& path, absl::Time now) {
  OpenedDatabase opened;
  std::string damage;
  if (!Exists(path) && Exists(path + "-wal")) {
    damage = "the database is missing, its write-ahead log is not";
  } else {
    RETURN_IF_ERROR(MakeFile(path));
    auto connection = AtBorder([&] { return TryOpen(path); });
    if (connection.ok()) {
      opened.connection = *std::move(connection);
      return opened;
    }
    if (!absl::IsDataLoss(connection.status())) return connection.status();
    damage = std::string(connection.status().message());
  }
  ASSIGN_OR_RETURN(const std::string aside, MoveAside(path, now));
  opened.recovery_note =
      absl::StrCat(damage, "; it was moved to ", aside, " and a new one was begun");
  spdlog::error("{}", opened.recovery_note);
  RETURN_IF_ERROR(MakeFile(path));
  return AtBorder([&]() -> absl::StatusOr<OpenedDatabase> {
    ASSIGN_OR_RETURN(opened.connection, TryOpen(path));
    // Seconds since 1970 are above any epoch that was counted up from 1, so jobs that
    // pinned an epoch of the old file are never served from a different winner.
    opened.connection->Use("UPDATE store_info SET first_epoch = ?")
        .Int(absl::ToUnixSeconds(now))
        .Run();
    return std::move(opened);
  });
}

}  // namespace tilewright
