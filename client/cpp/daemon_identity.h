// Whether the daemon at the other end of a socket is one whose native code this process may run.
#ifndef TILEWRIGHT_CLIENT_CPP_DAEMON_IDENTITY_H_
#define TILEWRIGHT_CLIENT_CPP_DAEMON_IDENTITY_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tilewright {

// Who may run the daemon beside this process's own user and root: `option` where it is set, else
// $TILEWRIGHT_DAEMON_UID; nobody where neither is. INVALID_ARGUMENT, reason MALFORMED_USER, where
// the variable is no user id.
absl::StatusOr<std::optional<uid_t>> ConfiguredDaemonUser(std::optional<uid_t> option);

// Who runs the daemon at the other end of the connected socket `fd`, as the kernel says: this
// process's own user, root or `configured`. PERMISSION_DENIED, reason DAEMON_NOT_TRUSTED, names the
// user and the variable that permits it. `socket_path` is for the message.
absl::Status CheckDaemonUser(int fd, const std::string& socket_path,
                             std::optional<uid_t> configured);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_DAEMON_IDENTITY_H_
