#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_CACHE_DIRECTORY_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_CACHE_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/support/private_files.h"

namespace tilewright {

// The database in a cache directory.
inline constexpr char kDatabaseFile[] = "tilewright.db";

// Suffixes of the database's name for unfinished copies: of a restore and of a rebuild. kSource
// follows kRebuilding: the copy to salvage from. kPart follows the name of the copy that an upgrade
// keeps. kBackupPart is the whole name of an unfinished backup.
inline constexpr char kRestoring[] = ".restoring";
inline constexpr char kRebuilding[] = ".rebuilding";
inline constexpr char kSource[] = "-source";
inline constexpr char kPart[] = ".part";
inline constexpr char kBackupPart[] = "backup.part";

// FAILED_PRECONDITION, reason NETWORK_FILESYSTEM, for the statfs magic of a network filesystem:
// locks and shared mappings do not work between machines there, so WAL databases break. `directory`
// is for the message.
absl::Status CheckFilesystem(const std::string& directory, std::uint64_t magic);

// Reports that `file` in the cache directory is not the opened file any more: FAILED_PRECONDITION,
// reason CACHE_REMOVED.
absl::Status CacheRemoved(const std::string& directory, const std::string& file);

// A cache directory in exclusive use. A lock file holds flock as long as this object lives, with
// the holder's pid inside. If the directory is not writable, the lock file is in the runtime
// directory and keeps out this user's other daemons. Owned by the store; immutable, any thread.
class CacheDirectory {
 public:
  // Makes the directory (mode 0750) if it is missing. FAILED_PRECONDITION, reason CACHE_IN_USE,
  // NETWORK_FILESYSTEM or as CheckPrivateDirectory.
  static absl::StatusOr<std::unique_ptr<CacheDirectory>> Open(const std::string& path);

  ~CacheDirectory();
  CacheDirectory(const CacheDirectory&) = delete;
  CacheDirectory& operator=(const CacheDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string PathOf(std::string_view file_name) const;
  bool read_only() const { return read_only_; }

  // Removes the copies of the database that killed processes did not finish. Does nothing if the
  // directory is not writable.
  void RemoveUnfinished() const;

  // FAILED_PRECONDITION, reason CACHE_REMOVED, if the directory or its lock file is gone or is
  // another one by now: the files there may belong to somebody else.
  absl::Status CheckHeld() const;

 private:
  CacheDirectory(std::string path, std::string lock_path, int lock_fd, bool read_only);

  const std::string path_;
  const std::string lock_path_;
  const bool read_only_;
  const int lock_fd_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_CACHE_DIRECTORY_H_
