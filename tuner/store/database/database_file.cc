#include "tuner/store/database/database_file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/support/counted.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "spdlog/spdlog.h"
#include "tuner/store/database/cache_directory.h"
#include "tuner/store/database/file_copy.h"
#include "tuner/store/database/migrations.h"
#include "tuner/store/database/salvage.h"
#include "tuner/store/database/schema_check.h"
#include "tuner/store/database/write_ahead_log.h"

namespace tilewright {
namespace {

// The WAL goes first. A crash between two renames then leaves a database whose WAL is aside, never
// a new database beside an old WAL.
constexpr const char* kSuffixes[] = {"-wal", "-shm", "-journal", ""};

// SQLite gives the WAL and the shared memory the mode of the database.
absl::Status MakeFile(const std::string& path) {
  ASSIGN_OR_RETURN(const int fd, OpenPrivateFile(path, O_RDWR | O_CREAT, 0640));
  ::close(fd);
  return absl::OkStatus();
}

}  // namespace

bool FileExists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

absl::Status RenameFile(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  return CacheFileError("cannot rename", from, errno);
}

void RemoveDatabase(const std::string& path) {
  for (const char* suffix : kSuffixes) ::unlink((path + suffix).c_str());
}

absl::StatusOr<std::string> MoveDatabaseAside(const std::string& path, std::string_view why,
                                              absl::Time now) {
  const std::string stem =
      absl::StrCat(path, absl::string_view(why.data(), why.size()),
                   absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone()));
  std::string target = stem;
  for (int i = 2; FileExists(target) || FileExists(target + "-wal"); ++i) {
    target = absl::StrCat(stem, "-", i);
  }
  for (const char* suffix : kSuffixes) {
    if (::rename((path + suffix).c_str(), (target + suffix).c_str()) != 0 && errno != ENOENT) {
      return CacheFileError("cannot move aside", path + suffix, errno);
    }
  }
  return target;
}

namespace {

// Each tree of the database, with the first column that it is sorted by.
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

// Reads the path to the first and to the last row of each tree. New rows go to either end, so an
// unreadable page there makes every write fail. Rows in between may be damaged: readers skip them.
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

// Bytes 18 and 19 of a database are its format versions for writing and for reading. If one is
// damaged, SQLite may think that the file is read-only.
bool HasSoundVersions(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string header(20, '\0');
  if (!file.read(header.data(), static_cast<std::streamsize>(header.size()))) return true;
  return header[18] >= 1 && header[18] <= 2 && header[19] >= 1 && header[19] <= 2;
}

// Throws if the schema is damaged.
void CheckSchema(SQLite::Database& database) {
  const std::string damage = FindSchemaDamage(database);
  if (!damage.empty()) throw SQLite::Exception(damage, SQLITE_CORRUPT);
}

// Before an upgrade, copies the database to a file beside it. With `tilewright restore` an older
// program can use that copy. May throw.
absl::Status KeepOldSchema(const std::string& path, SQLite::Database& database) {
  const int version = SchemaVersion(database);
  if (version == 0 || version >= Migrations().back().version) return absl::OkStatus();
  // An existing copy is another database's: it was restored over, or an upgrade failed.
  std::string copy = CopyOfSchema(path, version);
  for (int i = 2; FileExists(copy); ++i) copy = absl::StrCat(CopyOfSchema(path, version), "-", i);
  const std::string unfinished = copy + kPart;
  ::unlink(unfinished.c_str());
  RETURN_IF_ERROR(MakeFile(unfinished));
  SQLite::Statement vacuum(database, "VACUUM INTO ?");
  vacuum.bind(1, unfinished);
  vacuum.exec();
  RETURN_IF_ERROR(RenameFile(unfinished, copy));
  spdlog::info("{} is upgraded; the database before the upgrade is kept as {}", path, copy);
  return absl::OkStatus();
}

// May throw.
absl::Status PrepareForWriting(const std::string& path, SqliteConnection& connection) {
  SQLite::Database& database = connection.database();
  // First, because a damaged schema would make a migration fail.
  CheckSchema(database);
  RETURN_IF_ERROR(KeepOldSchema(path, database));
  RETURN_IF_ERROR(Migrate(Migrations(), database));
  CheckTrees(connection);
  database.exec(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
      "PRAGMA journal_size_limit=67108864");
  return absl::OkStatus();
}

// May throw.
absl::StatusOr<std::unique_ptr<SqliteConnection>> TryOpen(const std::string& path) {
  if (!HasSoundVersions(path)) {
    throw SQLite::Exception("its header names an unknown format", SQLITE_CORRUPT);
  }
  auto connection = std::make_unique<SqliteConnection>(path, SqliteConnection::Mode::kReadWrite);
  // Until we know that it is ours and sound, not a byte of it changes.
  connection->SetCheckpointOnClose(false);
  RETURN_IF_ERROR(KeepSystemError([&] { return PrepareForWriting(path, *connection); }));
  connection->SetCheckpointOnClose(true);
  return connection;
}

// Keeps a copy of a log whose last transaction is not whole. Either the power failed while it was
// written, and nobody was told that it was stored, or it is damaged, and somebody was told.
absl::StatusOr<std::string> KeepCutOffLog(const std::string& path, absl::Time now) {
  const std::string copy = absl::StrCat(
      path, "-wal.damaged-", absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone()));
  RETURN_IF_ERROR(CopyFile(path + "-wal", copy));
  const std::string note = absl::StrCat(
      "the write-ahead log of the database ends in an incomplete transaction: it was cut off "
      "while it was written, or it is damaged and the last stored data is missing; "
      "the log is kept as ",
      copy);
  spdlog::error("{}", note);
  return note;
}

int64_t BytesOf(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

// Makes a copy to salvage from: the database at `path` with all of its log and a sound schema. It
// also has what SQLite itself would not see.
absl::Status CopyToSalvage(const std::string& path, const std::string& copy) {
  RETURN_IF_ERROR(CopyWithLog(path, copy));
  const absl::Status repaired = AtBorder([&]() -> absl::Status {
    SqliteConnection connection(copy, SqliteConnection::Mode::kReadWrite);
    RepairSchema(connection.database());
    return absl::OkStatus();
  });
  // If the first page is unreadable, the salvage finds it again and reports it.
  if (!repaired.ok()) LogDamage("schema", std::string(repaired.message()));
  return absl::OkStatus();
}

// Writes all that can be read from the database at `path` to a new one at `target`.
absl::StatusOr<Salvaged> CopyReadable(const std::string& path, const std::string& target,
                                      int64_t least_epoch) {
  // A winner takes more bytes than this. So a lost page hid no more epochs than bytes / this.
  constexpr int64_t kLeastWinnerBytes = 64;
  RETURN_IF_ERROR(MakeFile(target));
  return AtBorder([&]() -> absl::StatusOr<Salvaged> {
    SqliteConnection to(target, SqliteConnection::Mode::kReadWrite);
    RETURN_IF_ERROR(Migrate(Migrations(), to.database()));
    Salvaged salvaged;
    if (FileExists(path) || FileExists(path + "-wal")) {
      const std::string copy = target + kSource;
      const absl::Cleanup remove_copy = [&] { RemoveDatabase(copy); };
      RETURN_IF_ERROR(CopyToSalvage(path, copy));
      SqliteConnection from(copy, SqliteConnection::Mode::kReadOnly);
      ASSIGN_OR_RETURN(salvaged, Salvage(from, to));
    }
    const int64_t hidden = (BytesOf(path) + BytesOf(path + "-wal")) / kLeastWinnerBytes;
    to.Use("UPDATE store_info SET first_epoch = ?")
        .Int(std::max(salvaged.newest_epoch, least_epoch) + 1 + hidden)
        .Run();
    return salvaged;
  });
}

// NOT_FOUND: the database is empty, or of another version, which only a writer upgrades.
absl::Status CheckVersion(const std::string& path, SqliteConnection& connection) {
  const int version = connection.database().execAndGet("PRAGMA user_version").getInt();
  if (version == Migrations().back().version) return absl::OkStatus();
  return MakeError(absl::StatusCode::kNotFound, "NOTHING_STORED",
                   version == 0 ? absl::StrCat("nothing is stored in ", path)
                                : absl::StrCat(path,
                                               " was written by another version: let a daemon that "
                                               "may write there open it once"));
}

// Moves the database at `path` aside and puts the complete rebuilt one in its place. Returns the
// new name of the old one.
absl::StatusOr<std::string> PutInPlace(const std::string& path, absl::Time now) {
  ASSIGN_OR_RETURN(const std::string aside, MoveDatabaseAside(path, ".damaged-", now));
  RETURN_IF_ERROR(RenameFile(path + kRebuilt, path));
  return aside;
}

}  // namespace

absl::StatusOr<OpenedDatabase> OpenDatabaseFile(const std::string& path, absl::Time now) {
  if (FileExists(path + kRebuilt)) RETURN_IF_ERROR(PutInPlace(path, now).status());
  std::string damage = "the database is missing, its write-ahead log is not";
  if (FileExists(path) || !FileExists(path + "-wal")) {
    RETURN_IF_ERROR(MakeFile(path));
    bool cut_off = false;
    if (const std::size_t lost = LostFrames(path, &cut_off); lost > 0) {
      return RebuildDatabaseFile(
          path, now,
          absl::StrCat("the database or its write-ahead log is damaged, and ", lost,
                       " pages of the log would have been lost"),
          0);
    }
    std::string note;
    if (cut_off) {
      ASSIGN_OR_RETURN(note, KeepCutOffLog(path, now));
    }
    auto connection = AtBorder([&] { return TryOpen(path); });
    if (connection.ok()) return OpenedDatabase{*std::move(connection), note};
    if (!absl::IsDataLoss(connection.status())) return connection.status();
    damage = std::string(connection.status().message());
  }
  return RebuildDatabaseFile(path, now, damage, 0);
}

absl::StatusOr<OpenedDatabase> RebuildDatabaseFile(const std::string& path, absl::Time now,
                                                   std::string_view damage, int64_t least_epoch) {
  const std::string unfinished = path + kRebuilding;
  const auto remove_unfinished = [&] {
    RemoveDatabase(unfinished);
    RemoveDatabase(unfinished + kSource);
  };
  remove_unfinished();
  // Seconds since 1970 are above any epoch that was counted up from 1, so jobs that pinned an epoch
  // of the old file never get a different winner.
  const auto salvaged =
      CopyReadable(path, unfinished, std::max(least_epoch, absl::ToUnixSeconds(now)));
  if (!salvaged.ok()) {
    remove_unfinished();
    return salvaged.status();
  }
  RETURN_IF_ERROR(RenameFile(unfinished, path + kRebuilt));
  ASSIGN_OR_RETURN(const std::string aside, PutInPlace(path, now));
  OpenedDatabase opened;
  opened.recovery_note =
      absl::StrCat(absl::string_view(damage.data(), damage.size()), "; it was moved to ", aside,
                   " and a new one was begun, with the ", Counted(salvaged->winners, "winner"),
                   " that could be read");
  spdlog::error("{}", opened.recovery_note);
  ASSIGN_OR_RETURN(opened.connection, AtBorder([&] { return TryOpen(path); }));
  return opened;
}

absl::StatusOr<ReadOnlyDatabase> OpenUnwritable(const std::string& path, const std::string& copy) {
  std::string source = path;
  if (BytesOf(path + "-wal") > 0) {
    // Without shared memory beside it, which cannot be made here, SQLite reads no log.
    RemoveDatabase(copy);
    RETURN_IF_ERROR(CopyWithLog(path, copy));
    source = copy;
  }
  return AtBorder(Purpose::kRead, [&]() -> absl::StatusOr<ReadOnlyDatabase> {
    const auto mode = SqliteConnection::Mode::kImmutable;
    auto connection = std::make_unique<SqliteConnection>(source, mode);
    RETURN_IF_ERROR(KeepSystemError([&] {
      const absl::Status version = CheckVersion(path, *connection);
      if (version.ok()) CheckSchema(connection->database());
      return version;
    }));
    return ReadOnlyDatabase{std::move(connection), mode, source};
  });
}

absl::StatusOr<ReadOnlyDatabase> OpenReadOnly(const std::string& path) {
  return AtBorder(Purpose::kRead, [&]() -> absl::StatusOr<ReadOnlyDatabase> {
    const auto mode = BytesOf(path + "-wal") > 0 ? SqliteConnection::Mode::kHeapLog
                                                 : SqliteConnection::Mode::kImmutable;
    auto connection = std::make_unique<SqliteConnection>(path, mode);
    RETURN_IF_ERROR(KeepSystemError([&] { return CheckVersion(path, *connection); }));
    return ReadOnlyDatabase{std::move(connection), mode, path};
  });
}

}  // namespace tilewright
