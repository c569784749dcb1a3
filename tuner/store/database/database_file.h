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

// The suffix of a rebuilt database that is complete, for the moment before it takes the place of
// the damaged one.
inline constexpr char kRebuilt[] = ".rebuilt";

struct OpenedDatabase {
  std::unique_ptr<SqliteConnection> connection;  // For all writes and checkpoints.
  std::string recovery_note;                     // One sentence if a damaged file was moved aside.
};

// Opens the database at `path` for writing. Makes it (mode 0640) if it is missing, and upgrades its
// schema. Rebuilds it if it is damaged where the next write may go.
absl::StatusOr<OpenedDatabase> OpenDatabaseFile(const std::string& path, absl::Time now);

// Copies all that can be read from the database at `path` to a new one, which takes its place. The
// old one and its WAL are renamed to "<path>.damaged-<time>". Nothing is deleted. If this fails or
// is killed, all is as before, or the next OpenDatabaseFile completes it. `damage` is for the note.
// New epochs are above `least_epoch` and above all epochs of the old database. REQUIRES: no
// connection that writes is open.
absl::StatusOr<OpenedDatabase> RebuildDatabaseFile(const std::string& path, absl::Time now,
                                                   std::string_view damage, int64_t least_epoch);

bool FileExists(const std::string& path);

// Errors as CacheFileError.
absl::Status RenameFile(const std::string& from, const std::string& to);

// Removes a database with its log, shared memory and journal, if they exist.
void RemoveDatabase(const std::string& path);

// Renames a database and its WAL to "<path><why><time>", with a number if that name is taken.
// Returns the new name.
absl::StatusOr<std::string> MoveDatabaseAside(const std::string& path, std::string_view why,
                                              absl::Time now);

// A connection to the database at `path` for a disk that takes no write at all. Only this process
// uses the database. NOT_FOUND: there is nothing to read.
struct ReadOnlyDatabase {
  std::unique_ptr<SqliteConnection> connection;
  SqliteConnection::Mode mode;
  std::string path;  // The file that is read.
};
absl::StatusOr<ReadOnlyDatabase> OpenReadOnly(const std::string& path);

// As OpenReadOnly, for a directory in which no file can be made. Copies a database that has a log
// to `copy`, with the log.
absl::StatusOr<ReadOnlyDatabase> OpenUnwritable(const std::string& path, const std::string& copy);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_DATABASE_FILE_H_
