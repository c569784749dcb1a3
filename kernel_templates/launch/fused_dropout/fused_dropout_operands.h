// Checks and packs what a caller passes to a launch of a fused dropout. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_OPERANDS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_OPERANDS_H_

#include "absl/status/status.h"
#include "kernel_templates/abi/fused_dropout_args.h"
#include "kernel_templates/launch/plan/operand_table.h"
#include "proto/problem/fused_dropout/fused_dropout_tensors.h"
#include "tilewright/fused_dropout.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The tensors in the structures of both sides.
using FusedDropoutOperandTable =
    OperandTable<kLastFusedTensor, FusedDropoutArguments, FusedDropoutArgs>;
inline constexpr FusedDropoutOperandTable kFusedDropoutOperands = {{
    {FusedTensor::kX, &FusedDropoutArguments::x, &FusedDropoutArgs::x},
    {FusedTensor::kBias, &FusedDropoutArguments::bias, &FusedDropoutArgs::bias},
    {FusedTensor::kResidual, &FusedDropoutArguments::residual, &FusedDropoutArgs::residual},
    {FusedTensor::kWeight, &FusedDropoutArguments::weight, &FusedDropoutArgs::weight},
    {FusedTensor::kShift, &FusedDropoutArguments::shift, &FusedDropoutArgs::shift},
    {FusedTensor::kY, &FusedDropoutArguments::y, &FusedDropoutArgs::y},
    {FusedTensor::kDy, &FusedDropoutArguments::dy, &FusedDropoutArgs::dy},
    {FusedTensor::kPreNormGradient, &FusedDropoutArguments::pre_norm_gradient,
     &FusedDropoutArgs::pre_norm_gradient},
    {FusedTensor::kDx, &FusedDropoutArguments::dx, &FusedDropoutArgs::dx},
    {FusedTensor::kResidualGradient, &FusedDropoutArguments::residual_gradient,
     &FusedDropoutArgs::residual_gradient},
    {FusedTensor::kPreNorm, &FusedDropoutArguments::pre_norm, &FusedDropoutArgs::pre_norm},
    {FusedTensor::kMask, &FusedDropoutArguments::mask, &FusedDropoutArgs::mask},
    {FusedTensor::kMean, &FusedDropoutArguments::mean, &FusedDropoutArgs::mean},
    {FusedTensor::kInverseRoot, &FusedDropoutArguments::inverse_root,
     &FusedDropoutArgs::inverse_root},
    {FusedTensor::kBiasGradient, &FusedDropoutArguments::bias_gradient,
     &FusedDropoutArgs::bias_gradient},
    {FusedTensor::kWeightGradient, &FusedDropoutArguments::weight_gradient,
     &FusedDropoutArgs::weight_gradient},
    {FusedTensor::kShiftGradient, &FusedDropoutArguments::shift_gradient,
     &FusedDropoutArgs::shift_gradient},
}};
static_assert(kFusedDropoutOperands.IsInOrder());

// Checks a canonical problem against the plan's requirements. `uses` is TensorsOf(problem), here
// and below.
absl::Status CheckFusedDropoutShape(const v1::LaunchPlan& plan,
                                    const v1::FusedDropoutProblem& problem, const TensorUses& uses);

// Checks the operands against the problem and the plan's requirements. INVALID_ARGUMENT names the
// operand: "operands.dy".
absl::Status CheckFusedDropoutOperands(const v1::LaunchPlan& plan,
                                       const v1::FusedDropoutProblem& problem,
                                       const TensorUses& uses,
                                       const FusedDropoutArguments& operands);

// Packs the arguments of all steps. Parts that the problem does not have are null or zero, whatever
// the operands say. REQUIRES: operands and shape have been checked.
FusedDropoutArgs PackFusedDropout(const v1::LaunchPlan& plan,
                                  const v1::FusedDropoutProblem& problem, const TensorUses& uses,
                                  const FusedDropoutArguments& operands);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_OPERANDS_H_
