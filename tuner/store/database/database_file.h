#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_DATABASE_FILE_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_DATABASE_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tuner/store/database/sqlite_connection.h"

namespace tilewright {

// A rebuilt database that is complete has this behind its name for the moment before it takes the
// place of the damaged one.
inline constexpr char kRebuilt[] = ".rebuilt";

struct OpenedDatabase {
  std::unique_ptr<SqliteConnection> connection;  // For all writes and checkpoints.
  std::string recovery_note;  // One sentence where a damaged file was moved aside.
};

// Opens the database at `path` for writing, making it (mode 0640) where it is missing and
// bringing its schema up to date. One that is damaged where the next write may go is rebuilt.
absl::StatusOr<OpenedDatabase> OpenDatabaseFile(const std::string& path, absl::Time now);

// Copies what can be read of the database at `path` to a new one that takes its place; the
// old one is renamed, with its WAL, to "<path>.damaged-<time>". Nothing is deleted, and where
// it fails, or is killed, all is as it was or the next OpenDatabaseFile completes it. No
// connection that writes may be open. `damage` is for the note; new epochs are above
// `least_epoch` and above all that the old database gave out.
absl::StatusOr<OpenedDatabase> RebuildDatabaseFile(const std::string& path, absl::Time now,
                                                   std::string_view damage, int64_t least_epoch);

bool FileExists(const std::string& path);

// Errors as CacheFileError.
absl::Status RenameFile(const std::string& from, const std::string& to);

// Removes a database with its log, shared memory and journal, as far as they are there.
void RemoveDatabase(const std::string& path);

// Renames a database, with its WAL, to "<path><why><time>", or with a number where that is taken.
// The new name.
absl::StatusOr<std::string> MoveDatabaseAside(const std::string& path, std::string_view why,
                                              absl::Time now);

// A connection to the database at `path`, which this process alone uses, for where its disk
// takes no write at all. NOT_FOUND where it holds nothing to read.
struct ReadOnlyDatabase {
  std::unique_ptr<SqliteConnection> connection;
  SqliteConnection::Mode mode;
  std::string path;  // Of the file that is read.
};
absl::StatusOr<ReadOnlyDatabase> OpenReadOnly(const std::string& path);

// As OpenReadOnly, for a directory in which no file can be made. A database with a log is copied to
// `copy`, with the log.
absl::StatusOr<ReadOnlyDatabase> OpenUnwritable(const std::string& path, const std::string& copy);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_DATABASE_FILE_H_
