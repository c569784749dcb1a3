#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_FILE_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_FILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tuner/store/sqlite_connection.h"

namespace tilewright {

struct OpenedDatabase {
  std::unique_ptr<SqliteConnection> connection;  // For all writes and checkpoints.
  std::string recovery_note;  // One sentence where a damaged file was moved aside.
};

// Opens the database at `path` for writing, making it (mode 0640) where it is missing and
// bringing its schema up to date. A file that is damaged beyond its rows is renamed, with
// its WAL, to "<path>.damaged-<time>" and a new one begun; nothing is deleted.
absl::StatusOr<OpenedDatabase> OpenDatabaseFile(const std::string& path, absl::Time now);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_FILE_H_
