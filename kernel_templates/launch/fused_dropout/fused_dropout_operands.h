// Checks and packs what a caller passes to a launch of a fused dropout. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_OPERANDS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_OPERANDS_H_

#include "absl/status/status.h"
#include "kernel_templates/abi/fused_dropout_args.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "tilewright/fused_dropout.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Returns the operand for a tensor.
const void* PointerOf(FusedTensor tensor, const FusedDropoutArguments& operands);
void SetPointer(FusedTensor tensor, void* pointer, FusedDropoutArguments& operands);

// Checks a canonical problem against the plan's requirements.
absl::Status CheckFusedDropoutShape(const v1::LaunchPlan& plan,
                                    const v1::FusedDropoutProblem& problem);

// Checks the operands against the problem and the plan's requirements. INVALID_ARGUMENT names the
// operand: "operands.dy".
absl::Status CheckFusedDropoutOperands(const v1::LaunchPlan& plan,
                                       const v1::FusedDropoutProblem& problem,
                                       const FusedDropoutArguments& operands);

// Packs the arguments of all steps. Parts that the problem does not have are null or zero, whatever
// the operands say. REQUIRES: operands and shape have been checked.
FusedDropoutArgs PackFusedDropout(const v1::LaunchPlan& plan,
                                  const v1::FusedDropoutProblem& problem,
                                  const FusedDropoutArguments& operands);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_OPERANDS_H_
