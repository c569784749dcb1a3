#ifndef TILEWRIGHT_PROTO_SUPPORT_DAEMON_FILES_H_
#define TILEWRIGHT_PROTO_SUPPORT_DAEMON_FILES_H_

#include <string>

namespace tilewright {

// The name of the log file unless `log_file` is set.
inline constexpr char kDaemonLogName[] = "tilewrightd.log";

// Returns the daemon's file that a write to `path` would replace; empty if there is none. `path`
// may lead there by any name: a relative one, a link, a hard link. The daemon's files are the
// database and all files beside it, the lock, the keys, the socket and the log. They are the files
// of the daemon of `cache_directory` and `socket`, whether it runs or not, and of any other daemon
// whose directory has `path` or `socket` in it. A file that does not exist yet counts by its name,
// even if its directory does not exist yet.
std::string DaemonFileAt(const std::string& path, const std::string& cache_directory,
                         const std::string& socket);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_DAEMON_FILES_H_
