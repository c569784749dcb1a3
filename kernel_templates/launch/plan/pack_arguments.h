// Sets the arguments that kernels of all families take in the same way. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_PACK_ARGUMENTS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_PACK_ARGUMENTS_H_

#include <cstdint>

#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/problem/dropout_mask.h"

namespace tilewright {

// Sets where the kernel keeps its partial column sums in `workspace`, if it has any.
template <typename Args>
void PackColumnSums(const WorkspaceLayout& layout, void* workspace, Args& args) {
  if (!layout.has_column_sums) return;
  args.column_sums = reinterpret_cast<float*>(static_cast<char*>(workspace) + layout.column_sums);
}

// Sets what a kernel needs to drop the elements below `threshold`, in steps of dropout_mask.h.
template <typename Args>
void PackDropout(uint32_t threshold, Args& args) {
  args.dropout_offset = DropoutOffset(threshold);
  args.dropout_scale = DropoutScale(threshold);
  args.kept_share = static_cast<float>(kDropoutSteps - threshold) / kDropoutSteps;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_PACK_ARGUMENTS_H_
