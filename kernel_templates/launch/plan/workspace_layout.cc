#include "kernel_templates/launch/plan/workspace_layout.h"

#include <algorithm>

#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/gemm/precision.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

// Shapes go up to 2^62 products. No GPU has more memory than this, so sizes stop here.
constexpr __int128 kMost = static_cast<__int128>(1) << 60;
constexpr __int128 kRegionAlignment = 256;
constexpr int kColumnSumBytes = 4;
constexpr int kMaxCopies = 65535;  // The largest number of slices in a grid.

// Multiplies `elements` (up to 2^62), `copies` and `element_bytes` (each below 2^31).
__int128 BytesOf(__int128 elements, int copies, int element_bytes) {
  return std::min(kMost, elements * copies) * element_bytes;
}

__int128 PartialBytes(const v1::WorkspaceRule& rule, const ProblemShape& shape) {
  const __int128 elements = std::min(kMost, static_cast<__int128>(shape.m) * shape.n);
  return BytesOf(elements * shape.batch, rule.partial_copies(), rule.element_bytes());
}

__int128 ColumnSumBytes(const v1::LaunchPlan& plan, const v1::WorkspaceRegion& region,
                        const ProblemShape& shape) {
  const __int128 tiles = CeilDiv(shape.m, std::max(plan.steps(0).tile_m(), 1));
  const __int128 elements = std::min(kMost, tiles * shape.n);
  return BytesOf(elements * shape.batch, region.copies(), region.element_bytes());
}

bool IsColumnSums(const v1::WorkspaceRegion& region) {
  return region.rule() == v1::WORKSPACE_REGION_RULE_COLUMNS &&
         region.element_bytes() == kColumnSumBytes && !region.zeroed();
}

}  // namespace

WorkspaceLayout LayOutWorkspace(const v1::LaunchPlan& plan, const ProblemShape& shape) {
  WorkspaceLayout layout;
  __int128 bytes = PartialBytes(plan.workspace(), shape);
  for (const v1::WorkspaceRegion& region : plan.workspace().regions()) {
    bytes = CeilDiv(bytes, kRegionAlignment) * kRegionAlignment;
    layout.has_column_sums = true;
    layout.column_sums = static_cast<int64_t>(std::min(bytes, kMost));
    bytes += ColumnSumBytes(plan, region, shape);
  }
  layout.bytes = static_cast<int64_t>(std::min(bytes, kMost));
  return layout;
}

int64_t WorkspaceBytesFor(const v1::LaunchPlan& plan, const ProblemShape& shape) {
  return LayOutWorkspace(plan, shape).bytes;
}

absl::Status CheckWorkspace(const v1::LaunchPlan& plan) {
  const v1::WorkspaceRule& rule = plan.workspace();
  if (rule.partial_copies() < 0 || rule.partial_copies() > kMaxCopies) {
    return InvalidField("launch_plan.workspace.partial_copies", "MALFORMED_PLAN",
                        "must be in [0, 65535]");
  }
  const bool sized = rule.element_bytes() == kPartialBytes;
  if (!sized && (rule.partial_copies() > 0 || rule.element_bytes() != 0)) {
    return InvalidField("launch_plan.workspace.element_bytes", "MALFORMED_PLAN", "must be 4");
  }
  if (rule.regions().empty()) return absl::OkStatus();
  if (rule.regions_size() > 1 || !IsColumnSums(rule.regions(0))) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "WORKSPACE_NOT_SUPPORTED",
                     "the kernel needs workspace regions that this launcher does not provide; "
                     "update it",
                     {{"field", "launch_plan.workspace.regions"}});
  }
  if (rule.regions(0).copies() < 1 || rule.regions(0).copies() > kMaxCopies) {
    return InvalidField("launch_plan.workspace.regions[0].copies", "MALFORMED_PLAN",
                        "must be in [1, 65535]");
  }
  return absl::OkStatus();
}

}  // namespace tilewright
