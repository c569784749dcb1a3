#ifndef TILEWRIGHT_SERVER_NET_PERMISSIONS_H_
#define TILEWRIGHT_SERVER_NET_PERMISSIONS_H_

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tilewright {

// Who may do what: whoever may connect looks up, tunes, exports and cancels its own work; what
// changes the store other than by tuning, and all that has to do with signers and keys, is for
// administrators: the daemon's own user, root, and whom the configuration names. Immutable; any
// thread.
class Permissions {
 public:
  Permissions(uid_t own_user, std::vector<uid_t> administrators)
      : own_user_(own_user), administrators_(std::move(administrators)) {}

  bool IsAdministrator(uid_t user) const;

  // PERMISSION_DENIED, reason NOT_PERMITTED, where `user` is no administrator. `what` is a verb
  // with its object: "import winners".
  absl::Status RequireAdministrator(uid_t user, std::string_view what) const;

  // "user 1000 (alice), root and the users of the setting administrators"
  std::string Administrators() const;

 private:
  const uid_t own_user_;
  const std::vector<uid_t> administrators_;
};

// "1000 (alice)"; the number alone where it has no name here.
std::string DescribeUser(uid_t user);

// Users by id or name, separated by commas or blanks: "1000, alice". INVALID_ARGUMENT names what
// is no user.
absl::StatusOr<std::vector<uid_t>> ParseUsers(std::string_view text);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_PERMISSIONS_H_
