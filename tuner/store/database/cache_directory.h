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

// What stands behind its name while a restore or a rebuild writes its copy, behind that while the
// rebuild has a copy to salvage from, behind the name of what an upgrade keeps, and what a backup
// has for a name.
inline constexpr char kRestoring[] = ".restoring";
inline constexpr char kRebuilding[] = ".rebuilding";
inline constexpr char kSource[] = "-source";
inline constexpr char kPart[] = ".part";
inline constexpr char kBackupPart[] = "backup.part";

// FAILED_PRECONDITION, reason NETWORK_FILESYSTEM, for the statfs magics of network
// filesystems: locks and shared mappings do not hold between machines there, so WAL
// databases break. `directory` is for the message.
absl::Status CheckFilesystem(const std::string& directory, std::uint64_t magic);

// That `file`, of the cache directory, is not what was opened any more: FAILED_PRECONDITION, reason
// CACHE_REMOVED.
absl::Status CacheRemoved(const std::string& directory, const std::string& file);

// A cache directory in exclusive use: a lock file holds flock for as long as this lives,
// with the holder's pid inside. Of a directory that cannot be written to, the lock file is in
// the runtime directory, and keeps this user's other daemons out. Owned by the store; immutable,
// any thread.
class CacheDirectory {
 public:
  // Makes the directory (mode 0750) where it is missing. FAILED_PRECONDITION, reason
  // CACHE_IN_USE, NETWORK_FILESYSTEM or as CheckPrivateDirectory.
  static absl::StatusOr<std::unique_ptr<CacheDirectory>> Open(const std::string& path);

  ~CacheDirectory();
  CacheDirectory(const CacheDirectory&) = delete;
  CacheDirectory& operator=(const CacheDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string PathOf(std::string_view file_name) const;
  bool read_only() const { return read_only_; }

  // Removes the copies of the database that killed processes had not finished. Nothing where the
  // directory cannot be written to.
  void RemoveUnfinished() const;

  // FAILED_PRECONDITION, reason CACHE_REMOVED, where the directory or its lock file is gone, or is
  // another by now: somebody else may own what lies there.
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
