#include "kernel_templates/launch/fused_dropout/fused_dropout_operands.h"

#include <cmath>
#include <cstdint>

#include "kernel_templates/launch/plan/launch_checks.h"
#include "kernel_templates/launch/plan/pack_arguments.h"
#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/problem/dropout_mask.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {

absl::Status CheckFusedDropoutShape(const v1::LaunchPlan& plan,
                                    const v1::FusedDropoutProblem& problem,
                                    const TensorUses& uses) {
  return CheckRequirements(plan, kFusedDropoutShapeFields, ShapeOf(problem), uses);
}

absl::Status CheckFusedDropoutOperands(const v1::LaunchPlan& plan,
                                       const v1::FusedDropoutProblem& problem,
                                       const TensorUses& uses,
                                       const FusedDropoutArguments& operands) {
  for (const TensorUse& use : uses) {
    RETURN_IF_ERROR(
        CheckPointer(use, kFusedDropoutOperands.Get(use, operands), plan.requirements()));
    if (FusedTensorOf(use) == FusedTensor::kMask) {
      RETURN_IF_ERROR(CheckMaskBytes(use, operands.mask_bytes));
    }
  }
  if (DropsElements(problem)) RETURN_IF_ERROR(CheckOffsetOperand(operands.offset));
  if (Normalizes(problem) && !(operands.epsilon >= 0 && std::isfinite(operands.epsilon))) {
    return InvalidField("operands.epsilon", "OUT_OF_RANGE", "must be finite and not negative");
  }
  return CheckWorkspaceOperand(operands.workspace, operands.workspace_bytes,
                               WorkspaceBytesFor(plan, ShapeOf(problem)));
}

FusedDropoutArgs PackFusedDropout(const v1::LaunchPlan& plan,
                                  const v1::FusedDropoutProblem& problem, const TensorUses& uses,
                                  const FusedDropoutArguments& operands) {
  FusedDropoutArgs args{};
  kFusedDropoutOperands.Pack(uses, operands, args);
  PackColumnSums(LayOutWorkspace(plan, ShapeOf(problem)), operands.workspace, args);
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
    PackDropout(threshold, args);
  }
  return args;
}

}  // namespace tilewright
