#ifndef TILEWRIGHT_SERVER_NET_PERMISSIONS_H_
#define TILEWRIGHT_SERVER_NET_PERMISSIONS_H_

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tilewright {

// Who may do what. Every permitted user may look up, tune, export and cancel their own work. Only
// administrators may change the store in other ways or handle signers and keys. Administrators are
// the daemon's own user, root, and the users in the configuration. Immutable; any thread.
class Permissions {
 public:
  Permissions(uid_t own_user, std::vector<uid_t> administrators)
      : own_user_(own_user), administrators_(std::move(administrators)) {}

  bool IsAdministrator(uid_t user) const;

  // Returns PERMISSION_DENIED, reason NOT_PERMITTED, if `user` is no administrator. `what` is a
  // verb with its object: "import winners".
  absl::Status RequireAdministrator(uid_t user, std::string_view what) const;

  // Returns, for example, "user 1000 (alice), root, user 1001 (bob)".
  std::string Administrators() const;

 private:
  const uid_t own_user_;
  const std::vector<uid_t> administrators_;
};

// Returns "1000 (alice)", or only the number if the user has no name here.
std::string DescribeUser(uid_t user);

// Parses users by id or name, separated by commas or blanks: "1000, alice". INVALID_ARGUMENT quotes
// the word that is no user.
absl::StatusOr<std::vector<uid_t>> ParseUsers(std::string_view text);

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_NET_PERMISSIONS_H_
