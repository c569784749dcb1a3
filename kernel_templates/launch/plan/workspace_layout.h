// The places of the parts of a launch's workspace. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_WORKSPACE_LAYOUT_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_WORKSPACE_LAYOUT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "proto/problem/family.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// Offsets in bytes from the start of the workspace. The partial sums are at the start.
struct WorkspaceLayout {
  int64_t column_sums = 0;
  bool has_column_sums = false;
  int64_t bytes = 0;  // For all parts; 2^60 for shapes that no GPU has the memory for.
};

WorkspaceLayout LayOutWorkspace(const v1::LaunchPlan& plan, const ProblemShape& shape);

// Returns LayOutWorkspace(plan, shape).bytes.
int64_t WorkspaceBytesFor(const v1::LaunchPlan& plan, const ProblemShape& shape);

// INVALID_ARGUMENT, reason MALFORMED_PLAN. FAILED_PRECONDITION, reason WORKSPACE_NOT_SUPPORTED: a
// region is not one of partial column sums in fp32.
absl::Status CheckWorkspace(const v1::LaunchPlan& plan);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_WORKSPACE_LAYOUT_H_
