#ifndef TILEWRIGHT_CLIENT_CPP_DIAL_H_
#define TILEWRIGHT_CLIENT_CPP_DIAL_H_

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/support/steady_time.h"

namespace tilewright {

// Returns the end of a wait that begins now and takes `timeout`. The wait is ten years at most, so
// that "for ever" does not overflow.
SteadyTime DeadlineAfter(std::chrono::milliseconds timeout);

// Returns the time until `deadline`, rounded up. Negative after it.
std::chrono::milliseconds TimeUntil(SteadyTime deadline);

// INVALID_ARGUMENT: no daemon can listen on `path` (SOCKET_UNKNOWN, SOCKET_PATH_TOO_LONG).
absl::Status CheckDaemonSocket(const std::string& path);

// Connects once to the daemon at `path` and waits for its greeting: that the kernel accepted the
// connection says nothing about the daemon. The path may have any byte. The caller owns the
// returned descriptor, which is non-blocking and closed on exec. Every connection is made here, so
// none is to a daemon of a user who is neither this process's, nor root, nor `daemon_user`.
//
// UNAVAILABLE: DAEMON_UNREACHABLE - nobody listens there.
// UNAVAILABLE: DAEMON_FROZEN - the listener did not greet before `deadline`.
// UNAVAILABLE: CONNECTION_CLOSED - the listener closed the connection without an answer.
// UNAVAILABLE: NOT_TILEWRIGHTD - another program listens there.
// PERMISSION_DENIED: DAEMON_NOT_TRUSTED - another user listens there: see CheckDaemonUser.
// PERMISSION_DENIED: SOCKET_NOT_PERMITTED - the files' permissions keep this user out.
// PERMISSION_DENIED: USER_NOT_PERMITTED; RESOURCE_EXHAUSTED: TOO_MANY_CONNECTIONS - the daemon
//   refuses, in its own words.
// RESOURCE_EXHAUSTED: NO_DESCRIPTOR - this process has no descriptor left.
// CANCELLED - `stop` was requested. The wait ends within a tenth of a second.
absl::StatusOr<int> Dial(const std::string& path, SteadyTime deadline,
                         std::optional<uid_t> daemon_user = std::nullopt,
                         const std::stop_token& stop = {});

// Dials again and again until `deadline` while waiting may help: while nobody listens, or the
// daemon has no room. Ends within a tenth of a second after `stop`, with the last finding.
absl::StatusOr<int> DialUntil(const std::string& path, SteadyTime deadline,
                              std::optional<uid_t> daemon_user = std::nullopt,
                              const std::stop_token& stop = {});

// Returns the finding to report. The last attempt had `time`. If that was too short for a greeting,
// an earlier finding says more.
absl::Status MoreTelling(const absl::Status& earlier, const absl::Status& last,
                         absl::Duration time);

// Returns the process that listens at the other end of a connected socket, or 0 if it is unknown.
int PeerProcess(int fd);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_DIAL_H_
