#include "proto/support/socket_path.h"

#include <sys/socket.h>

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;

}  // namespace

absl::Status CheckSocketPath(const std::string& path) {
  if (path.empty()) return InvalidField("socket", "SOCKET_UNKNOWN", "the path is empty");
  if (path.size() > kLongest) {
    return InvalidField(
        "socket", "SOCKET_PATH_TOO_LONG",
        absl::StrCat("a Unix socket's path has at most ", kLongest, " bytes, this one has ",
                     path.size(),
                     ": name a shorter one with --socket or TILEWRIGHT_SOCKET: ", path));
  }
  if (path.find('\0') != std::string::npos) {
    return InvalidField("socket", "SOCKET_UNKNOWN", "the path has a byte 0");
  }
  return absl::OkStatus();
}

sockaddr_un SocketAddress(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, kLongest);
  return address;
}

}  // namespace tilewright
