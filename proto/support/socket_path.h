// Checks paths of Unix sockets, for the daemon that listens and for its clients.
#ifndef TILEWRIGHT_PROTO_SUPPORT_SOCKET_PATH_H_
#define TILEWRIGHT_PROTO_SUPPORT_SOCKET_PATH_H_

#include <sys/un.h>

#include <string>

#include "absl/status/status.h"

namespace tilewright {

// INVALID_ARGUMENT if no socket can have `path`: SOCKET_PATH_TOO_LONG, or SOCKET_UNKNOWN if it is
// empty or has a byte 0, which would end it early.
absl::Status CheckSocketPath(const std::string& path);

// REQUIRES: CheckSocketPath(path) is OK. The path may have any other byte.
sockaddr_un SocketAddress(const std::string& path);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_SUPPORT_SOCKET_PATH_H_
