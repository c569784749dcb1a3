#ifndef TILEWRIGHT_CLIENT_CLI_COMMANDS_SWEEP_FOLLOW_H_
#define TILEWRIGHT_CLIENT_CLI_COMMANDS_SWEEP_FOLLOW_H_

#include <functional>
#include <stop_token>

#include "absl/status/statusor.h"
#include "tilewright/connection.h"

namespace tilewright::cli {

// Follows a sweep to its end, and calls `show` with all of it whenever it changed. `sweep` is what
// is known of it at first. The daemon sends what changed alone; an older one, which cannot, sends
// everything. CANCELLED once `stop` is requested.
absl::StatusOr<v1::Sweep> FollowSweep(Connection& connection, v1::Sweep sweep, std::stop_token stop,
                                      const std::function<void(const v1::Sweep&)>& show);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_COMMANDS_SWEEP_FOLLOW_H_
