#include "client/cpp/daemon_identity.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

constexpr char kVariable[] = "TILEWRIGHT_DAEMON_UID";

}  // namespace

absl::StatusOr<std::optional<uid_t>> ConfiguredDaemonUser(std::optional<uid_t> option) {
  if (option) return option;
  const char* const text = std::getenv(kVariable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  uint32_t user = 0;
  if (!absl::SimpleAtoi(text, &user)) {
    return InvalidField(kVariable, "MALFORMED_USER",
                        absl::StrCat("'", text,
                                     "' is no user id: give a number, as `id -u` "
                                     "prints it"));
  }
  return user;
}

absl::Status CheckDaemonUser(int fd, const std::string& socket_path,
                             std::optional<uid_t> configured) {
  // For a connected socket, this is the process that began to listen.
  ucred daemon = {};
  socklen_t size = sizeof(daemon);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &daemon, &size) != 0) {
    return MakeError(absl::StatusCode::kPermissionDenied, "DAEMON_NOT_TRUSTED",
                     absl::StrCat("the kernel does not say who listens at ", socket_path, ": ",
                                  std::strerror(errno)),
                     {{"socket", socket_path}});
  }
  if (daemon.uid == geteuid() || daemon.uid == 0 || (configured && *configured == daemon.uid)) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kPermissionDenied, "DAEMON_NOT_TRUSTED",
                   absl::StrCat("the daemon at ", socket_path, " is run by user ", daemon.uid,
                                ", whose native code this process would run: set ", kVariable, "=",
                                daemon.uid, " if you trust that user, or run a daemon of your own"),
                   {{"socket", socket_path}, {"daemon_user", absl::StrCat(daemon.uid)}});
}

}  // namespace tilewright
