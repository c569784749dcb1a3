#include "tuner/store/database/restore.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "proto/support/counted.h"
#include "proto/support/errors.h"
#include "proto/support/input_file.h"
#include "proto/support/status_macros.h"
#include "tuner/store/database/cache_directory.h"
#include "tuner/store/database/database_file.h"
#include "tuner/store/database/file_copy.h"
#include "tuner/store/database/migrations.h"
#include "tuner/store/database/sqlite_connection.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/store/database/write_ahead_log.h"

namespace tilewright {
namespace {

// Merges the log beside the copy at `path`. Makes new epochs begin above all that were given out
// since the backup: seconds since 1970 are above any epoch that was counted up from 1.
absl::Status Prepare(const std::string& path, absl::Time now) {
  return AtBorder([&]() -> absl::Status {
    SqliteConnection connection(path, SqliteConnection::Mode::kReadWrite);
    SQLite::Database& database = connection.database();
    RETURN_IF_ERROR(CheckOurs(Migrations(), database));
    if (SchemaVersion(database) == 0) {
      return MakeError(absl::StatusCode::kDataLoss, "NOT_A_CACHE_DATABASE",
                       "it is empty, so it is not a cache database");
    }
    const std::string verdict = database.execAndGet("PRAGMA quick_check(1)").getString();
    if (verdict != "ok") {
      return MakeError(absl::StatusCode::kDataLoss, "DATABASE_DAMAGED",
                       absl::StrCat("it is damaged: ", verdict));
    }
    connection.Use("UPDATE store_info SET first_epoch = max(first_epoch, ?)")
        .Int(absl::ToUnixSeconds(now))
        .Run();
    database.exec("PRAGMA journal_mode=DELETE");
    return absl::OkStatus();
  });
}

// Refuses the copy at `path` of a database if SQLite would drop a part of its log. `cut_off`: as
// LostFrames.
absl::Status CheckLog(const std::string& path, bool* cut_off) {
  const std::size_t lost = LostFrames(path, cut_off);
  if (lost == 0) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kDataLoss, "DATABASE_DAMAGED",
      absl::StrCat("it or the log beside it (-wal) is damaged, and ",
                   Counted(static_cast<int64_t>(lost), "page"),
                   " would be lost: copy both to an empty directory as ", kDatabaseFile, " and ",
                   kDatabaseFile,
                   "-wal, let `tilewright serve --cache-dir` start and stop there, and restore the "
                   "file that it makes of all that can be read; or move the log away to restore "
                   "without it"));
}

// Refuses other files before gigabytes are copied. SQLite checks an empty file, which is an empty
// database to it.
absl::Status CheckBegin(const std::string& path) {
  // Every SQLite 3 database begins with this and the byte 0 that ends it.
  constexpr char kMagic[] = "SQLite format 3";
  ASSIGN_OR_RETURN(InputFile file, InputFile::Open(path));
  char begin[sizeof(kMagic)] = {};
  ASSIGN_OR_RETURN(const std::size_t count, file.Read(begin, sizeof(begin)));
  if (count == 0 || std::memcmp(begin, kMagic, sizeof(begin)) == 0) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kDataLoss, "NOT_A_CACHE_DATABASE",
      absl::StrCat(path, ": is not a database: name a file that `tilewright backup` wrote"),
      {{"file", path}});
}

// Merges the log of the database at `path`, so that there is one file to move aside. A database
// that cannot be opened stays as it is. So does one whose log is not whole: SQLite would remove the
// rest of the log.
void FoldLog(const std::string& path) {
  bool cut_off = false;
  if (LostFrames(path, &cut_off) > 0 || cut_off) return;
  AtBorder([&]() -> absl::Status {
    SqliteConnection connection(path, SqliteConnection::Mode::kReadWrite);
    connection.database().exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return absl::OkStatus();
  }).IgnoreError();
}

// Says of a file that cannot be restored that it is this one, and not the database in use.
absl::Status OfBackup(const absl::Status& failure, const std::string& file) {
  if (!absl::IsDataLoss(failure)) return failure;
  return MakeError(failure.code(), ReasonOf(failure),
                   absl::StrCat(file, ": cannot be restored: ", failure.message(),
                                "; the database in use is as it was"),
                   {{"file", file}});
}

absl::Status SyncFile(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  return synced ? absl::OkStatus() : CacheFileError("cannot flush", path, error);
}

}  // namespace

absl::StatusOr<Restored> RestoreDatabase(const std::string& cache_dir, const std::string& file,
                                         absl::Time now) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    return MakeError(absl::StatusCode::kNotFound, "FILE_NOT_READABLE",
                     absl::StrCat(file, ": is no file that can be read"), {{"file", file}});
  }
  RETURN_IF_ERROR(CheckBegin(file));
  ASSIGN_OR_RETURN(const std::unique_ptr<CacheDirectory> directory,
                   CacheDirectory::Open(cache_dir));
  Restored restored;
  restored.database = directory->PathOf(kDatabaseFile);
  const std::string unfinished = restored.database + kRestoring;
  if (std::filesystem::equivalent(file, unfinished, error)) {
    return MakeError(absl::StatusCode::kDataLoss, "NOT_A_CACHE_DATABASE",
                     absl::StrCat(file, ": is the unfinished copy of a restore: name another file"),
                     {{"file", file}});
  }
  RemoveDatabase(unfinished);
  absl::Status prepared = CopyFile(file, unfinished);
  if (prepared.ok() && FileExists(file + "-wal")) {
    prepared = CopyFile(file + "-wal", unfinished + "-wal");
  }
  bool cut_off = false;
  if (prepared.ok()) prepared = CheckLog(unfinished, &cut_off);
  if (prepared.ok()) prepared = Prepare(unfinished, now);
  if (prepared.ok()) prepared = SyncFile(unfinished, O_RDWR);
  if (!prepared.ok()) {
    RemoveDatabase(unfinished);
    return OfBackup(prepared, file);
  }
  if (FileExists(restored.database)) FoldLog(restored.database);
  const auto move_aside = [&](const std::string& path) -> absl::Status {
    if (!FileExists(path) && !FileExists(path + "-wal")) return absl::OkStatus();
    ASSIGN_OR_RETURN(restored.kept, MoveDatabaseAside(path, ".before-restore-", now));
    return absl::OkStatus();
  };
  // A killed rebuild may have left a complete database, which would replace the restored one.
  const std::string complete = restored.database + kRebuilt;
  RETURN_IF_ERROR(move_aside(complete));
  // If a kill interrupts the rest, the next start puts the complete database in place.
  RETURN_IF_ERROR(RenameFile(unfinished, complete));
  RETURN_IF_ERROR(SyncFile(directory->path(), O_RDONLY | O_DIRECTORY));
  RETURN_IF_ERROR(move_aside(restored.database));
  RETURN_IF_ERROR(RenameFile(complete, restored.database));
  RETURN_IF_ERROR(SyncFile(directory->path(), O_RDONLY | O_DIRECTORY));
  if (cut_off) {
    restored.note =
        absl::StrCat("The log ", file,
                     "-wal ends in an incomplete transaction: it was cut off while it was "
                     "written, or it is damaged and the last stored data is missing. ");
  }
  if (!restored.kept.empty() && FileExists(restored.kept + "-wal")) {
    absl::StrAppend(&restored.note,
                    "The log of the old database could not be merged whole. It is kept as ",
                    restored.kept, "-wal: leave the two files together. ");
  }
  absl::StripTrailingAsciiWhitespace(&restored.note);
  return restored;
}

}  // namespace tilewright
