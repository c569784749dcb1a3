// Checks launch plans. A plan comes from a bundle, a database or a socket, and decides what is
// launched in the caller's process. Check it here before any part of it is used as an index,
// multiplied or passed to the driver. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_PLAN_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_PLAN_H_

#include <string_view>

#include "absl/status/status.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// Returns whether `text` can be an extern "C" symbol: a letter or '_', then letters, digits and
// '_', at most 255 bytes.
bool IsIdentifier(std::string_view text);

// INVALID_ARGUMENT, reason MALFORMED_PLAN, with the field: no daemon makes such a plan, for any
// version of the arguments. FAILED_PRECONDITION, reason WORKSPACE_NOT_SUPPORTED: as CheckWorkspace.
absl::Status CheckPlan(const v1::LaunchPlan& plan);

// FAILED_PRECONDITION, reason ARGUMENTS_VERSION_MISMATCH: the kernel takes arguments of another
// version than this launcher packs.
absl::Status CheckArgumentsVersion(const v1::LaunchPlan& plan, int version);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_PLAN_H_
