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

// The end of a wait that begins now: `timeout` from now, and at most ten years, so that "for ever"
// does not overflow.
SteadyTime DeadlineAfter(std::chrono::milliseconds timeout);

// What is left until `deadline`, rounded up; negative after it.
std::chrono::milliseconds TimeUntil(SteadyTime deadline);

// INVALID_ARGUMENT where no daemon can listen on `path`: SOCKET_UNKNOWN, SOCKET_PATH_TOO_LONG.
absl::Status CheckDaemonSocket(const std::string& path);

// Connects once to the daemon at `path` and waits until it greets: a connection that is accepted
// by the kernel alone says nothing of the daemon. Any byte may be in the path. Gives the
// descriptor, which is non-blocking, closed on exec and the caller's. Every connection is made
// here, so none is to a daemon of a user who is neither this process's, root nor `daemon_user`.
//
// UNAVAILABLE: DAEMON_UNREACHABLE - nobody listens there.
// UNAVAILABLE: DAEMON_FROZEN - somebody does, and did not greet before `deadline`.
// UNAVAILABLE: CONNECTION_CLOSED - it closed the connection without a word.
// UNAVAILABLE: NOT_TILEWRIGHTD - what listens there is something else.
// PERMISSION_DENIED: DAEMON_NOT_TRUSTED - another user listens there: as CheckDaemonUser.
// PERMISSION_DENIED: SOCKET_NOT_PERMITTED - the files' permissions keep this user out.
// PERMISSION_DENIED: USER_NOT_PERMITTED; RESOURCE_EXHAUSTED: TOO_MANY_CONNECTIONS - the daemon
//   refuses, in its words.
// RESOURCE_EXHAUSTED: NO_DESCRIPTOR - this process has no descriptor left.
// CANCELLED - `stop` was requested; the wait ends within a tenth of a second.
absl::StatusOr<int> Dial(const std::string& path, SteadyTime deadline,
                         std::optional<uid_t> daemon_user = std::nullopt,
                         const std::stop_token& stop = {});

// As Dial, again and again until `deadline` while waiting may help: while nobody listens, or the
// daemon has no room. Once `stop` is requested, it ends within a tenth of a second with what was
// found by then.
absl::StatusOr<int> DialUntil(const std::string& path, SteadyTime deadline,
                              std::optional<uid_t> daemon_user = std::nullopt,
                              const std::stop_token& stop = {});

// Which of two findings to tell: an attempt that began `time` before its end and had no greeting by
// then says little where an earlier one had found something else.
absl::Status MoreTelling(const absl::Status& earlier, const absl::Status& last,
                         absl::Duration time);

// The process that listens at the other end of a connected socket; 0 where the kernel does not say.
int PeerProcess(int fd);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_DIAL_H_
