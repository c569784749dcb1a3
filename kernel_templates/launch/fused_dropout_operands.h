// What a caller passes to a launch of a fused dropout, checked and packed. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_OPERANDS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_OPERANDS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernel_templates/abi/fused_dropout_args.h"
#include "kernel_templates/launch/kernel_launcher.h"
#include "proto/problem/fused_dropout_layout.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// What a caller passes to one launch of a fused dropout: device pointers and scalars. Which tensors
// a form needs is what problem.proto, FusedDropoutProblem, says; the others are not looked at.
struct FusedDropoutOperands {
  const void* x = nullptr;
  const void* bias = nullptr;
  const void* residual = nullptr;
  const void* weight = nullptr;
  const void* shift = nullptr;
  void* y = nullptr;
  const void* dy = nullptr;
  const void* pre_norm_gradient = nullptr;
  void* dx = nullptr;
  void* residual_gradient = nullptr;
  void* pre_norm = nullptr;  // Backward: an input, as mask, mean and inverse_root.
  void* mask = nullptr;
  float* mean = nullptr;
  float* inverse_root = nullptr;
  float* bias_gradient = nullptr;
  float* weight_gradient = nullptr;
  float* shift_gradient = nullptr;
  int64_t mask_bytes = 0;     // What mask has, to be checked; 0: not told.
  void* workspace = nullptr;  // At least WorkspaceBytes(), 16-byte aligned.
  int64_t workspace_bytes = 0;
  float epsilon = 1e-5f;
  uint64_t seed = 0;
  uint64_t offset = kNoOffset;  // Below 2^48, another for each launch: docs/dropout.md.
};

// The operand of a tensor.
const void* PointerOf(FusedTensor tensor, const FusedDropoutOperands& operands);
void SetPointer(FusedTensor tensor, void* pointer, FusedDropoutOperands& operands);

// The problem against what the arguments can carry and the plan requires.
absl::Status CheckFusedDropoutShape(const v1::LaunchPlan& plan,
                                    const v1::FusedDropoutProblem& problem);

// The operands against the problem and what the plan requires. INVALID_ARGUMENT names the operand:
// "operands.dy".
absl::Status CheckFusedDropoutOperands(const v1::LaunchPlan& plan,
                                       const v1::FusedDropoutProblem& problem,
                                       const FusedDropoutOperands& operands);

// The arguments that every step takes. What the problem does not have is null or zero, whatever the
// operands say. Operands and shape have been checked.
FusedDropoutArgs PackFusedDropout(const v1::LaunchPlan& plan,
                                  const v1::FusedDropoutProblem& problem,
                                  const FusedDropoutOperands& operands);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_OPERANDS_H_
