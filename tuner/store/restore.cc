#include "tuner/store/restore.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/store/cache_directory.h"
#include "tuner/store/database_file.h"
#include "tuner/store/migrations.h"
#include "tuner/store/sqlite_connection.h"
#include "tuner/store/sqlite_store.h"

namespace tilewright {
namespace {

// A database of this version or an earlier one, which SQLite finds whole.
absl::Status CheckDatabase(const std::string& path) {
  return AtBorder([&]() -> absl::Status {
    SqliteConnection connection(path, SqliteConnection::Mode::kImmutable);
    SQLite::Database& database = connection.database();
    RETURN_IF_ERROR(CheckOurs(Migrations(), database));
    const std::string verdict = database.execAndGet("PRAGMA quick_check(1)").getString();
    if (verdict == "ok") return absl::OkStatus();
    return MakeError(absl::StatusCode::kDataLoss, "DATABASE_DAMAGED",
                     absl::StrCat(path, " is damaged: ", verdict), {{"file", path}});
  });
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
  ASSIGN_OR_RETURN(const std::unique_ptr<CacheDirectory> directory,
                   CacheDirectory::Open(cache_dir));
  RETURN_IF_ERROR(CheckDatabase(file));
  Restored restored;
  restored.database = directory->PathOf(kDatabaseFile);
  const std::string unfinished = restored.database + ".restoring";
  std::filesystem::copy_file(file, unfinished, std::filesystem::copy_options::overwrite_existing,
                             error);
  if (error) return CacheFileError("cannot copy to", unfinished, error.value());
  std::filesystem::permissions(unfinished, std::filesystem::perms(0640), error);
  RETURN_IF_ERROR(SyncFile(unfinished, O_RDWR));
  if (std::filesystem::exists(restored.database, error)) {
    ASSIGN_OR_RETURN(restored.kept, MoveDatabaseAside(restored.database, ".before-restore-", now));
  }
  if (::rename(unfinished.c_str(), restored.database.c_str()) != 0) {
    return CacheFileError("cannot rename", unfinished, errno);
  }
  RETURN_IF_ERROR(SyncFile(directory->path(), O_RDONLY | O_DIRECTORY));
  return restored;
}

}  // namespace tilewright
