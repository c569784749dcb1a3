#include "kernel_templates/launch/fused_dropout/fused_dropout_operands.h"

#include <cmath>

#include "kernel_templates/launch/plan/launch_checks.h"
#include "kernel_templates/launch/plan/operand_checks.h"
#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/problem/dropout_mask.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

template <typename Pointer>
void Set(FusedTensor tensor, const TensorUses& uses, const FusedDropoutArguments& operands,
         Pointer*& target) {
  for (const TensorUse& use : uses) {
    if (FusedTensorOf(use) != tensor) continue;
    target = static_cast<Pointer*>(const_cast<void*>(PointerOf(tensor, operands)));
  }
}

}  // namespace

const void* PointerOf(FusedTensor tensor, const FusedDropoutArguments& operands) {
  switch (tensor) {
    case FusedTensor::kX:
      return operands.x;
    case FusedTensor::kBias:
      return operands.bias;
    case FusedTensor::kResidual:
      return operands.residual;
    case FusedTensor::kWeight:
      return operands.weight;
    case FusedTensor::kShift:
      return operands.shift;
    case FusedTensor::kY:
      return operands.y;
    case FusedTensor::kDy:
      return operands.dy;
    case FusedTensor::kPreNormGradient:
      return operands.pre_norm_gradient;
    case FusedTensor::kDx:
      return operands.dx;
    case FusedTensor::kResidualGradient:
      return operands.residual_gradient;
    case FusedTensor::kPreNorm:
      return operands.pre_norm;
    case FusedTensor::kMask:
      return operands.mask;
    case FusedTensor::kMean:
      return operands.mean;
    case FusedTensor::kInverseRoot:
      return operands.inverse_root;
    case FusedTensor::kBiasGradient:
      return operands.bias_gradient;
    case FusedTensor::kWeightGradient:
      return operands.weight_gradient;
    case FusedTensor::kShiftGradient:
      return operands.shift_gradient;
  }
  return nullptr;
}

void SetPointer(FusedTensor tensor, void* pointer, FusedDropoutArguments& operands) {
  switch (tensor) {
    case FusedTensor::kX:
      operands.x = pointer;
      return;
    case FusedTensor::kBias:
      operands.bias = pointer;
      return;
    case FusedTensor::kResidual:
      operands.residual = pointer;
      return;
    case FusedTensor::kWeight:
      operands.weight = pointer;
      return;
    case FusedTensor::kShift:
      operands.shift = pointer;
      return;
    case FusedTensor::kY:
      operands.y = pointer;
      return;
    case FusedTensor::kDy:
      operands.dy = pointer;
      return;
    case FusedTensor::kPreNormGradient:
      operands.pre_norm_gradient = pointer;
      return;
    case FusedTensor::kDx:
      operands.dx = pointer;
      return;
    case FusedTensor::kResidualGradient:
      operands.residual_gradient = pointer;
      return;
    case FusedTensor::kPreNorm:
      operands.pre_norm = pointer;
      return;
    case FusedTensor::kMask:
      operands.mask = pointer;
      return;
    case FusedTensor::kMean:
      operands.mean = static_cast<float*>(pointer);
      return;
    case FusedTensor::kInverseRoot:
      operands.inverse_root = static_cast<float*>(pointer);
      return;
    case FusedTensor::kBiasGradient:
      operands.bias_gradient = static_cast<float*>(pointer);
      return;
    case FusedTensor::kWeightGradient:
      operands.weight_gradient = static_cast<float*>(pointer);
      return;
    case FusedTensor::kShiftGradient:
      operands.shift_gradient = static_cast<float*>(pointer);
      return;
  }
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
  const TensorUses uses = TensorsOf(problem);
  FusedDropoutArgs args{};
  Set(FusedTensor::kX, uses, operands, args.x);
  Set(FusedTensor::kBias, uses, operands, args.bias);
  Set(FusedTensor::kResidual, uses, operands, args.residual);
  Set(FusedTensor::kWeight, uses, operands, args.weight);
  Set(FusedTensor::kShift, uses, operands, args.shift);
  Set(FusedTensor::kY, uses, operands, args.y);
  Set(FusedTensor::kDy, uses, operands, args.dy);
  Set(FusedTensor::kPreNormGradient, uses, operands, args.pre_norm_gradient);
  Set(FusedTensor::kDx, uses, operands, args.dx);
  Set(FusedTensor::kResidualGradient, uses, operands, args.residual_gradient);
  Set(FusedTensor::kPreNorm, uses, operands, args.pre_norm);
  Set(FusedTensor::kMask, uses, operands, args.mask);
  Set(FusedTensor::kMean, uses, operands, args.mean);
  Set(FusedTensor::kInverseRoot, uses, operands, args.inverse_root);
  Set(FusedTensor::kBiasGradient, uses, operands, args.bias_gradient);
  Set(FusedTensor::kWeightGradient, uses, operands, args.weight_gradient);
  Set(FusedTensor::kShiftGradient, uses, operands, args.shift_gradient);
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
