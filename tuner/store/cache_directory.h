#ifndef TILEWRIGHT_TUNER_STORE_CACHE_DIRECTORY_H_
#define TILEWRIGHT_TUNER_STORE_CACHE_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tilewright {

// FAILED_PRECONDITION, reason NETWORK_FILESYSTEM, for the statfs magics of network
// filesystems: locks and shared mappings do not hold between machines there, so WAL
// databases break. `directory` is for the message.
absl::Status CheckFilesystem(const std::string& directory, std::uint64_t magic);

// That `what` could not be done with `path` because of `error`, an errno. RESOURCE_EXHAUSTED,
// reason DISK_FULL, where nothing can be written; else FAILED_PRECONDITION, reason
// CACHE_UNUSABLE.
absl::Status CacheFileError(std::string_view what, const std::string& path, int error);

// A cache directory in exclusive use: a lock file holds flock for as long as this lives,
// with the holder's pid inside. Owned by the store; immutable, any thread.
class CacheDirectory {
 public:
  // Makes the directory (mode 0750) where it is missing. FAILED_PRECONDITION, reason
  // CACHE_IN_USE, NETWORK_FILESYSTEM or CACHE_WRITABLE_BY_ALL.
  static absl::StatusOr<std::unique_ptr<CacheDirectory>> Open(const std::string& path);

  ~CacheDirectory();
  CacheDirectory(const CacheDirectory&) = delete;
  CacheDirectory& operator=(const CacheDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string PathOf(std::string_view file_name) const;

 private:
  CacheDirectory(std::string path, int lock_fd);

  const std::string path_;
  const int lock_fd_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_CACHE_DIRECTORY_H_
