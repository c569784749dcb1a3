// Files and directories that others must not be able to put anything into: what lies in a cache
// directory is run by trainers, and what lies beside it is written to by the daemon.
#ifndef TILEWRIGHT_PROTO_SUPPORT_PRIVATE_FILES_H_
#define TILEWRIGHT_PROTO_SUPPORT_PRIVATE_FILES_H_

#include <sys/types.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tilewright {

// Makes the directory (mode 0750) and its missing parents (0755 at most) whatever the umask. OK
// where it is there, or a link to one. Errors as CacheFaultOf.
absl::Status MakePrivateDirectory(const std::string& path);

// FAILED_PRECONDITION, with what to run, where another user can change what lies in the cache
// directory: reason CACHE_OF_ANOTHER_USER, CACHE_WRITABLE_BY_GROUP, CACHE_WRITABLE_BY_ALL or, for
// a directory above it, CACHE_PARENT_WRITABLE_BY_ALL. Root counts as this user.
absl::Status CheckPrivateDirectory(const std::string& path);

// Opens (or makes, with O_CREAT) a regular file without following a link, and not where it belongs
// to another user but root. `flags` as of open(2); the descriptor is closed on exec.
absl::StatusOr<int> OpenPrivateFile(const std::string& path, int flags, mode_t mode);

// How an errno of a cache file is reported.
struct CacheFault {
  absl::StatusCode code;
  const char* reason;
  const char* advice;  // "free some space there, or name another cache directory"
};

// RESOURCE_EXHAUSTED: DISK_FULL (ENOSPC), DISK_QUOTA (EDQUOT), FILE_SIZE_LIMIT (EFBIG),
//   NO_DESCRIPTOR (EMFILE, ENFILE), OUT_OF_MEMORY (ENOMEM).
// FAILED_PRECONDITION: READ_ONLY (EROFS), DISK_FAILING (EIO), CACHE_UNUSABLE (EACCES, EPERM: see to
//   its owner and mode; all others).
CacheFault CacheFaultOf(int error);

// That `what` could not be done with `path` because of `error`, an errno. As CacheFaultOf.
absl::Status CacheFileError(std::string_view what, const std::string& path, int error);

// Whether `path` is a directory that this process cannot write to.
bool IsReadOnlyDirectory(const std::string& path);

// Where the lock, the socket and the log of a read-only cache directory are: a path without its
// extension, in $XDG_RUNTIME_DIR/tilewright or, without that, in /tmp/tilewright-<uid>.
std::string RuntimeStem(const std::string& cache_directory);

// Makes the directory of RuntimeStem, for this user alone. FAILED_PRECONDITION, reason
// CACHE_UNUSABLE, where another user was there first.
absl::Status MakeRuntimeDirectory();

// Where whoever starts a daemon on `cache_directory` keeps the file `name` (its log, say): in the
// directory, or beside RuntimeStem where that cannot be written to.
std::string StateFile(const std::string& cache_directory, const std::string& name);

// The socket of the daemon that serves `cache_directory`, unless it was told another.
std::string SocketOf(const std::string& cache_directory);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_PRIVATE_FILES_H_
