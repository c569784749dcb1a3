// Checks that this process may run native code of the daemon at the other end of a socket.
#ifndef TILEWRIGHT_CLIENT_CPP_DAEMON_IDENTITY_H_
#define TILEWRIGHT_CLIENT_CPP_DAEMON_IDENTITY_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tilewright {

// Returns who may run the daemon beside this process's own user and root: `option` if it is set,
// else $TILEWRIGHT_DAEMON_UID, else nobody. INVALID_ARGUMENT, reason MALFORMED_USER: the variable
// is no user id.
absl::StatusOr<std::optional<uid_t>> ConfiguredDaemonUser(std::optional<uid_t> option);

// Checks who runs the daemon at the other end of the connected socket `fd`, as the kernel says:
// this process's own user, root or `configured`. PERMISSION_DENIED, reason DAEMON_NOT_TRUSTED: the
// message names the user and the variable that permits it. `socket_path` is for the message.
absl::Status CheckDaemonUser(int fd, const std::string& socket_path,
                             std::optional<uid_t> configured);

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_DAEMON_IDENTITY_H_
