#ifndef TILEWRIGHT_PROTO_SUPPORT_DAEMON_FILES_H_
#define TILEWRIGHT_PROTO_SUPPORT_DAEMON_FILES_H_

#include <string>

namespace tilewright {

// The log's file name unless `log_file` is set.
inline constexpr char kDaemonLogName[] = "tilewrightd.log";

// The daemon's file that a write to `path` would replace; empty if there is none. `path` may lead
// there by any name: a relative one, a link, a hard link. The daemon's files are the database with
// all that lies beside it, the lock, the keys, the socket and the log. They are those of the daemon
// of `cache_directory` and `socket`, whether it runs or not, and those of any other daemon in whose
// directory `path` or `socket` is. A file that is not there yet counts by its name, and so does one
// whose directory is not there yet.
std::string DaemonFileAt(const std::string& path, const std::string& cache_directory,
                         const std::string& socket);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_DAEMON_FILES_H_
