#include "kernel_templates/launch/fused_dropout/fused_dropout_operands.h"

#include <cmath>
#include <cstddef>

#include "kernel_templates/launch/plan/launch_checks.h"
#include "kernel_templates/launch/plan/pointer_member.h"
#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/problem/dropout_mask.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

using From = FusedDropoutArguments;
using To = FusedDropoutArgs;
constexpr OperandRow<FusedTensor, From, To> kRows[] = {
    {FusedTensor::kX, &From::x, &To::x},
    {FusedTensor::kBias, &From::bias, &To::bias},
    {FusedTensor::kResidual, &From::residual, &To::residual},
    {FusedTensor::kWeight, &From::weight, &To::weight},
    {FusedTensor::kShift, &From::shift, &To::shift},
    {FusedTensor::kY, &From::y, &To::y},
    {FusedTensor::kDy, &From::dy, &To::dy},
    {FusedTensor::kPreNormGradient, &From::pre_norm_gradient, &To::pre_norm_gradient},
    {FusedTensor::kDx, &From::dx, &To::dx},
    {FusedTensor::kResidualGradient, &From::residual_gradient, &To::residual_gradient},
    {FusedTensor::kPreNorm, &From::pre_norm, &To::pre_norm},
    {FusedTensor::kMask, &From::mask, &To::mask},
    {FusedTensor::kMean, &From::mean, &To::mean},
    {FusedTensor::kInverseRoot, &From::inverse_root, &To::inverse_root},
    {FusedTensor::kBiasGradient, &From::bias_gradient, &To::bias_gradient},
    {FusedTensor::kWeightGradient, &From::weight_gradient, &To::weight_gradient},
    {FusedTensor::kShiftGradient, &From::shift_gradient, &To::shift_gradient},
};
static_assert(IsTableOf(kRows, kLastFusedTensor));

const auto& RowOf(FusedTensor tensor) { return kRows[static_cast<std::size_t>(tensor)]; }

}  // namespace

const void* PointerOf(FusedTensor tensor, const FusedDropoutArguments& operands) {
  return GetPointer(RowOf(tensor).operand, operands);
}

void SetPointer(FusedTensor tensor, void* pointer, FusedDropoutArguments& operands) {
  SetPointer(RowOf(tensor).operand, pointer, operands);
}

absl::Status CheckFusedDropoutShape(const v1::LaunchPlan& plan,
                                    const v1::FusedDropoutProblem& problem) {
  return CheckRequirements(plan, kFusedDropoutShapeFields, ShapeOf(problem), TensorsOf(problem));
}

absl::Status CheckFusedDropoutOperands(const v1::LaunchPlan& plan,
                                       const v1::FusedDropoutProblem& problem,
                                       const FusedDropoutArguments& operands) {
  for (const TensorUse& use : TensorsOf(problem)) {
    const FusedTensor tensor = FusedTensorOf(use);
    RETURN_IF_ERROR(CheckPointer(use, PointerOf(tensor, operands), plan.requirements()));
    if (tensor == FusedTensor::kMask) RETURN_IF_ERROR(CheckMaskBytes(use, operands.mask_bytes));
  }
  if (DropsElements(problem)) RETURN_IF_ERROR(CheckOffsetOperand(operands.offset));
  if (Normalizes(problem) && !(operands.epsilon >= 0 && std::isfinite(operands.epsilon))) {
    return InvalidField("operands.epsilon", "OUT_OF_RANGE", "must be finite and not negative");
  }
  return CheckWorkspaceOperand(operands.workspace, operands.workspace_bytes,
                               WorkspaceBytesFor(plan, ShapeOf(problem)));
}

FusedDropoutArgs PackFusedDropout(const v1::LaunchPlan& plan,
                                  const v1::FusedDropoutProblem& problem,
                                  const FusedDropoutArguments& operands) {
  FusedDropoutArgs args{};
  for (const TensorUse& use : TensorsOf(problem)) {
    const auto& row = RowOf(FusedTensorOf(use));
    SetPointer(row.argument, const_cast<void*>(GetPointer(row.operand, operands)), args);
  }
  const WorkspaceLayout workspace = LayOutWorkspace(plan, ShapeOf(problem));
  if (workspace.has_column_sums) {
    args.column_sums =
        reinterpret_cast<float*>(static_cast<char*>(operands.workspace) + workspace.column_sums);
  }
  const auto packed = [&](int64_t stride) { return stride == 0 ? problem.columns() : stride; };
  args.x_stride = packed(problem.x_stride());
  args.residual_stride = packed(problem.residual_stride());
  args.y_stride = packed(problem.y_stride());
  args.pre_norm_stride = packed(problem.pre_norm_stride());
  args.rows = static_cast<int>(problem.rows());
  args.columns = static_cast<int>(problem.columns());
  args.epsilon = operands.epsilon;
  const uint32_t threshold = QuantizeProbability(problem.dropout().probability());
  if (threshold > 0) {
    args.seed = operands.seed;
    args.offset = operands.offset;
    args.dropout_offset = DropoutOffset(threshold);
    args.dropout_scale = DropoutScale(threshold);
    args.kept_share = static_cast<float>(kDropoutSteps - threshold) / kDropoutSteps;
  }
  return args;
}

}  // namespace tilewright
