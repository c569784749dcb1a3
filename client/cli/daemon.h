// Finding the daemon, and starting one where none runs.
#ifndef TILEWRIGHT_CLIENT_CLI_DAEMON_H_
#define TILEWRIGHT_CLIENT_CLI_DAEMON_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tilewright::cli {

struct DaemonPlace {
  std::string cache_directory;
  std::string socket;
};

// --socket and --cache-dir where given, else the environment, else the defaults. Absolute.
absl::StatusOr<DaemonPlace> ResolvePlace(const std::string& socket_flag,
                                         const std::string& cache_directory_flag);

// $TILEWRIGHT_DAEMON, else tilewrightd beside this binary, else on PATH. UNAVAILABLE, reason
// DAEMON_NOT_FOUND, says where it was looked for.
absl::StatusOr<std::string> FindDaemonBinary();

// Whether a process accepts connections on `socket`.
bool IsListening(const std::string& socket);

// Returns once a daemon at `place` reports that it serves. Where none listens, and `may_start`,
// starts one on the cache directory that ends by itself when idle, its log in tilewrightd.log
// there; several callers at once start one. `say` gets lines for people about slow steps.
// UNAVAILABLE: DAEMON_UNREACHABLE where none may be started, DAEMON_FAILED with the log's last
// line where the one started ended.
absl::Status EnsureDaemon(const DaemonPlace& place, bool may_start,
                          const std::function<void(const std::string&)>& say);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_DAEMON_H_
