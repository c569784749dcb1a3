// Files and directories that nobody else may write to: trainers run what lies in a cache directory,
// and the daemon writes to the files beside it.
#ifndef TILEWRIGHT_PROTO_SUPPORT_PRIVATE_FILES_H_
#define TILEWRIGHT_PROTO_SUPPORT_PRIVATE_FILES_H_

#include <sys/types.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tilewright {

// Makes the directory (mode 0750) and its missing parents (0755 at most), whatever the umask is. OK
// if it exists, also as a link. Errors as CacheFaultOf.
absl::Status MakePrivateDirectory(const std::string& path);

// FAILED_PRECONDITION, with a command to run, if another user can change the files in the cache
// directory: reason CACHE_OF_ANOTHER_USER, CACHE_WRITABLE_BY_GROUP, CACHE_WRITABLE_BY_ALL or, for a
// directory above it, CACHE_PARENT_WRITABLE_BY_ALL. Root counts as this user.
absl::Status CheckPrivateDirectory(const std::string& path);

// Opens (or makes, with O_CREAT) a regular file. Follows no link, and refuses a file of another
// user except root. `flags` are those of open(2). The descriptor is closed on exec.
absl::StatusOr<int> OpenPrivateFile(const std::string& path, int flags, mode_t mode);

// How to report an errno of a cache file.
struct CacheFault {
  absl::StatusCode code;
  const char* reason;
  const char* advice;  // "free some space there, or name another cache directory"
};

// RESOURCE_EXHAUSTED: DISK_FULL (ENOSPC), DISK_QUOTA (EDQUOT), FILE_SIZE_LIMIT (EFBIG),
//   NO_DESCRIPTOR (EMFILE, ENFILE), OUT_OF_MEMORY (ENOMEM).
// FAILED_PRECONDITION: READ_ONLY (EROFS), DISK_FAILING (EIO), CACHE_UNUSABLE (EACCES, EPERM: check
//   its owner and mode; all others).
CacheFault CacheFaultOf(int error);

// Reports that `what` failed for `path` because of the errno `error`, as CacheFaultOf says.
absl::Status CacheFileError(std::string_view what, const std::string& path, int error);

// Returns whether `path` is a directory that this process cannot write to.
bool IsReadOnlyDirectory(const std::string& path);

// Returns where the lock, the socket and the log of a read-only cache directory are: a path without
// extension, in $XDG_RUNTIME_DIR/tilewright or, if that is not set, in /tmp/tilewright-<uid>.
std::string RuntimeStem(const std::string& cache_directory);

// Makes the directory of RuntimeStem, only for this user. FAILED_PRECONDITION, reason
// CACHE_UNUSABLE: another user made it first.
absl::Status MakeRuntimeDirectory();

// Returns where the program that starts a daemon on `cache_directory` keeps the file `name` (its
// log, say): in the directory or, if that is not writable, beside RuntimeStem.
std::string StateFile(const std::string& cache_directory, const std::string& name);

// Returns the default socket of the daemon that serves `cache_directory`.
std::string SocketOf(const std::string& cache_directory);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_PRIVATE_FILES_H_
