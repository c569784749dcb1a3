// Finds the daemon, and starts one if none runs.
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

// Returns --socket and --cache-dir if they are given, else the environment's, else the defaults.
// Both are absolute paths.
absl::StatusOr<DaemonPlace> ResolvePlace(const std::string& socket_flag,
                                         const std::string& cache_directory_flag);

// Returns $TILEWRIGHT_DAEMON, else tilewrightd beside this binary, else the one on PATH.
// UNAVAILABLE, reason DAEMON_NOT_FOUND: the message says where it searched.
absl::StatusOr<std::string> FindDaemonBinary();

// How long a daemon may take to start, and how long to wait for one that does not answer, if the
// caller does not say.
inline constexpr std::chrono::seconds kStartTimeout{60};
inline constexpr std::chrono::seconds kFrozenTimeout{10};

// Waits until a daemon at `place` answers, for `timeout` if it is given. If none listens and
// `may_start` is true, starts one on the cache directory. Callers at the same time start only one.
// That daemon ends when idle and logs to tilewrightd.log in the directory. `say` gets lines for
// people about slow steps. Errors are those of Dial (client/cpp/dial.h) and:
// UNAVAILABLE: DAEMON_FAILED - the started daemon ended. The message has the log's last line.
// UNAVAILABLE: DAEMON_STARTING - the started daemon does not serve yet.
// UNAVAILABLE: START_LOCK_HELD - another command has been starting one for all that time.
absl::Status EnsureDaemon(const DaemonPlace& place, bool may_start,
                          std::optional<std::chrono::milliseconds> timeout,
                          const std::function<void(const std::string&)>& say);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_DAEMON_H_
