#ifndef TILEWRIGHT_PROTO_SUPPORT_DAEMON_FILES_H_
#define TILEWRIGHT_PROTO_SUPPORT_DAEMON_FILES_H_

#include <string>

namespace tilewright {

// Where a log is written that is named by nobody.
inline constexpr char kDaemonLogName[] = "tilewrightd.log";

// The daemon's own file that whoever writes to `path` would write over, by whatever name `path`
// leads there (relative, a link, a hard link); empty where there is none. Own files are the
// database with all that lies beside it, the lock, the keys, the socket and the log: of the daemon
// of `cache_directory` and `socket`, whether it runs or not, and of any other in whose directory
// `path` or `socket` is. A file that is not there yet counts by its name.
std::string DaemonFileAt(const std::string& path, const std::string& cache_directory,
                         const std::string& socket);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_DAEMON_FILES_H_
