// Finding the daemon, and starting one where none runs.
#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_DAEMON_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_DAEMON_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cpp/dial.h"

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

// How long a daemon may take to start, and how long one that does not answer is waited for, where
// nobody says.
inline constexpr std::chrono::seconds kStartTimeout{60};
inline constexpr std::chrono::seconds kFrozenTimeout{10};

// Returns once a daemon at `place` answers, and by `timeout` where that is given. Where none
// listens, and `may_start`, starts one on the cache directory that ends by itself when idle, its
// log in tilewrightd.log there; several callers at once start one. `say` gets lines for people
// about slow steps. Errors as Dial in client/cpp/dial.h, and
// UNAVAILABLE: DAEMON_FAILED - the one started ended; with the log's last line.
// UNAVAILABLE: DAEMON_STARTING - the one started does not serve yet.
// UNAVAILABLE: START_LOCK_HELD - another command has been starting one for all that time.
absl::Status EnsureDaemon(const DaemonPlace& place, bool may_start,
                          std::optional<std::chrono::milliseconds> timeout,
                          const std::function<void(const std::string&)>& say);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_DAEMON_H_
