#include "tuner/store/database_file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "spdlog/spdlog.h"
#include "tuner/store/cache_directory.h"
#include "tuner/store/migrations.h"
#include "tuner/store/salvage.h"

namespace tilewright {
namespace {

// The WAL goes first: a crash between two renames leaves a database whose WAL is kept
// aside, never a new database with an old WAL beside it.
constexpr const char* kSuffixes[] = {"-wal", "-shm", "-journal", ""};

// A rebuilt database that is complete, for the moment before it has the database's own name.
constexpr char kRebuilt[] = ".rebuilt";

bool Exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// SQLite gives the WAL and the shared memory the mode of the database.
absl::Status MakeFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) return CacheFileError("cannot open", path, errno);
  ::close(fd);
  return absl::OkStatus();
}

absl::Status Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  return CacheFileError("cannot rename", from, errno);
}

absl::StatusOr<std::string> MoveAside(const std::string& path, absl::Time now) {
  const std::string stem =
      absl::StrCat(path, ".damaged-", absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone()));
  std::string target = stem;
  for (int i = 2; Exists(target) || Exists(target + "-wal"); ++i) {
    target = absl::StrCat(stem, "-", i);
  }
  for (const char* suffix : kSuffixes) {
    if (::rename((path + suffix).c_str(), (target + suffix).c_str()) != 0 && errno != ENOENT) {
      return CacheFileError("cannot move aside", path + suffix, errno);
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
    {"store_info", "id"},
    {"silicons", "id"},
    {"silicons", "key"},
    {"environments", "id"},
    {"environments", "key"},
    {"problems", "id"},
    {"problems", "key"},
    {"kernels", "id"},
    {"kernels", "content_hash"},
    {"compile_cache", "compile_key"},
    {"winners", "epoch"},
    {"winners", "problem_id"},
    {"samples", "epoch"},
    {"quarantine", "content_hash"},
    {"signers", "signer"},
    {"pruned_winners", "winner_key"},
    {"kernel_uses", "content_hash"},
    {"sweeps", "id"},
    {"sweeps", "name"},
    {"sweep_requests", "sweep_id"},
    {"sweep_entries", "sweep_id"},
};

// Reads the way to the first and to the last row of each tree: new rows go to either end, so
// a page there that cannot be read fails every write. Rows in between may be damaged; they
// are left out as they are met.
void CheckTrees(SqliteConnection& connection) {
  for (const auto& [table, column] : kTrees) {
    if (!connection.database().tableExists(table)) {
      throw SQLite::Exception(absl::StrCat("table ", table, " is gone"), SQLITE_CORRUPT);
    }
    const std::string by = absl::StrCat("SELECT ", column, " FROM ", table, " ORDER BY ", column);
    connection.database().exec(by + " LIMIT 1");
    connection.database().exec(by + " DESC LIMIT 1");
  }
}

// Before a database is brought up to date, what it was is written beside it: an older program can
// be given that by `tilewright restore`. May throw.
absl::Status KeepOldSchema(const std::string& path, SQLite::Database& database) {
  const int version = SchemaVersion(database);
  if (version == 0 || version >= Migrations().back().version) return absl::OkStatus();
  const std::string copy = CopyOfSchema(path, version);
  const std::string unfinished = copy + ".part";
  ::unlink(unfinished.c_str());
  RETURN_IF_ERROR(MakeFile(unfinished));
  SQLite::Statement vacuum(database, "VACUUM INTO ?");
  vacuum.bind(1, unfinished);
  vacuum.exec();
  RETURN_IF_ERROR(Rename(unfinished, copy));
  spdlog::info("{} is brought up to date; what it was is kept as {}", path, copy);
  return absl::OkStatus();
}

// May throw.
absl::StatusOr<std::unique_ptr<SqliteConnection>> TryOpen(const std::string& path) {
  auto connection = std::make_unique<SqliteConnection>(path, SqliteConnection::Mode::kReadWrite);
  // Until it is known to be ours and sound, not a byte of it changes.
  connection->SetCheckpointOnClose(false);
  SQLite::Database& database = connection->database();
  RETURN_IF_ERROR(KeepOldSchema(path, database));
  RETURN_IF_ERROR(Migrate(Migrations(), database));
  CheckTrees(*connection);
  database.exec(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
      "PRAGMA journal_size_limit=67108864");
  connection->SetCheckpointOnClose(true);
  return connection;
}

int64_t BytesOf(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

// Writes what can be read of the database at `path` to a new one at `target`.
absl::StatusOr<Salvaged> CopyReadable(const std::string& path, const std::string& target,
                                      int64_t least_epoch) {
  // A winner takes more than this: of epochs that a lost page hid, there are no more.
  constexpr int64_t kLeastWinnerBytes = 64;
  RETURN_IF_ERROR(MakeFile(target));
  return AtBorder([&]() -> absl::StatusOr<Salvaged> {
    SqliteConnection to(target, SqliteConnection::Mode::kReadWrite);
    RETURN_IF_ERROR(Migrate(Migrations(), to.database()));
    Salvaged salvaged;
    if (Exists(path)) {
      SqliteConnection from(path, SqliteConnection::Mode::kReadOnly);
      ASSIGN_OR_RETURN(salvaged, Salvage(from, to));
    }
    const int64_t hidden = (BytesOf(path) + BytesOf(path + "-wal")) / kLeastWinnerBytes;
    to.Use("UPDATE store_info SET first_epoch = ?")
        .Int(std::max(salvaged.newest_epoch, least_epoch) + 1 + hidden)
        .Run();
    return salvaged;
  });
}

// Lets the complete rebuilt database take the place of the one at `path`, which is moved
// aside, to the name that is returned.
absl::StatusOr<std::string> PutInPlace(const std::string& path, absl::Time now) {
  ASSIGN_OR_RETURN(const std::string aside, MoveAside(path, now));
  RETURN_IF_ERROR(Rename(path + kRebuilt, path));
  return aside;
}

}  // namespace

absl::StatusOr<OpenedDatabase> OpenDatabaseFile(const std::string& path, absl::Time now) {
  if (Exists(path + kRebuilt)) RETURN_IF_ERROR(PutInPlace(path, now).status());
  std::string damage = "the database is missing, its write-ahead log is not";
  if (Exists(path) || !Exists(path + "-wal")) {
    RETURN_IF_ERROR(MakeFile(path));
    auto connection = AtBorder([&] { return TryOpen(path); });
    if (connection.ok()) return OpenedDatabase{*std::move(connection), ""};
    if (!absl::IsDataLoss(connection.status())) return connection.status();
    damage = std::string(connection.status().message());
  }
  return RebuildDatabaseFile(path, now, damage, 0);
}

absl::StatusOr<OpenedDatabase> RebuildDatabaseFile(const std::string& path, absl::Time now,
                                                   std::string_view damage, int64_t least_epoch) {
  const std::string unfinished = path + ".rebuilding";
  const auto remove_unfinished = [&] {
    for (const char* suffix : kSuffixes) ::unlink((unfinished + suffix).c_str());
  };
  remove_unfinished();
  // Seconds since 1970 are above any epoch that was counted up from 1, so jobs that pinned an
  // epoch of the old file are never served from a different winner.
  const auto salvaged =
      CopyReadable(path, unfinished, std::max(least_epoch, absl::ToUnixSeconds(now)));
  if (!salvaged.ok()) {
    remove_unfinished();
    return salvaged.status();
  }
  RETURN_IF_ERROR(Rename(unfinished, path + kRebuilt));
  ASSIGN_OR_RETURN(const std::string aside, PutInPlace(path, now));
  OpenedDatabase opened;
  opened.recovery_note = absl::StrCat(
      absl::string_view(damage.data(), damage.size()), "; it was moved to ", aside,
      " and a new one was begun, with the ", salvaged->winners, " winners that could be read");
  spdlog::error("{}", opened.recovery_note);
  ASSIGN_OR_RETURN(opened.connection, AtBorder([&] { return TryOpen(path); }));
  return opened;
}

absl::StatusOr<ReadOnlyDatabase> OpenReadOnly(const std::string& path) {
  return AtBorder([&]() -> absl::StatusOr<ReadOnlyDatabase> {
    const auto mode = BytesOf(path + "-wal") > 0 ? SqliteConnection::Mode::kHeapLog
                                                 : SqliteConnection::Mode::kImmutable;
    auto connection = std::make_unique<SqliteConnection>(path, mode);
    const int version = connection->database().execAndGet("PRAGMA user_version").getInt();
    if (version != Migrations().back().version) {
      return MakeError(absl::StatusCode::kNotFound, "NOTHING_STORED",
                       absl::StrCat("nothing is stored in ", path));
    }
    return ReadOnlyDatabase{std::move(connection), mode};
  });
}

}  // namespace tilewright
