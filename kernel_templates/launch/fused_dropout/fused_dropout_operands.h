// What a caller passes to a launch of a fused dropout, checked and packed. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_OPERANDS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_OPERANDS_H_

#include "absl/status/status.h"
#include "kernel_templates/abi/fused_dropout_args.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "tilewright/fused_dropout.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The operand of a tensor.
const void* PointerOf(FusedTensor tensor, const FusedDropoutArguments& operands);
void SetPointer(FusedTensor tensor, void* pointer, FusedDropoutArguments& operands);

// A canonical problem against what the plan requires.
absl::Status CheckFusedDropoutShape(const v1::LaunchPlan& plan,
                                    const v1::FusedDropoutProblem& problem);

// The operands against the problem and what the plan requires. INVALID_ARGUMENT names the operand:
// "operands.dy".
absl::Status CheckFusedDropoutOperands(const v1::LaunchPlan& plan,
                                       const v1::FusedDropoutProblem& problem,
                                       const FusedDropoutArguments& operands);

// The arguments that every step takes. What the problem does not have is null or zero, whatever the
// operands say. Operands and shape have been checked.
FusedDropoutArgs PackFusedDropout(const v1::LaunchPlan& plan,
                                  const v1::FusedDropoutProblem& problem,
                                  const FusedDropoutArguments& operands);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_OPERANDS_H_
