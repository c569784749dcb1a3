#include "kernel_templates/launch/pack_arguments.h"

#include <algorithm>
#include <cstdint>

#include "kernel_templates/launch/scale_layout.h"
#include "kernel_templates/launch/workspace_layout.h"
#include "proto/problem/dropout_mask.h"
#include "proto/problem/operand_layout.h"

namespace tilewright {
namespace {

// Dropout, the gradient and the scalars of the epilogue; what it does not have stays zero.
void PackEpilogue(const v1::GemmProblem& problem, const GemmOperands& operands, GemmArgs& args) {
  const v1::Epilogue& epilogue = problem.epilogue();
  if (UsesRandomBits(problem)) {
    args.keys = PhiloxKeysOf(operands.seed);
    args.offset = operands.offset;
  }
  if (HasDropout(problem)) {
    const uint32_t threshold = QuantizeProbability(epilogue.dropout().probability());
    args.dropout_offset = DropoutOffset(threshold);
    args.dropout_scale = DropoutScale(threshold);
    args.kept_share = static_cast<float>(kDropoutSteps - threshold) / kDropoutSteps;
    args.mask = epilogue.dropout().store_mask() ? operands.mask : nullptr;
  }
  args.bias_gradient = epilogue.bias_gradient() ? operands.bias_gradient : nullptr;
  if (epilogue.device_scalars()) {
    args.device_alpha = operands.device_alpha;
    args.device_beta = operands.device_beta;
  }
  args.alpha = operands.alpha;
  args.beta = operands.beta;
}

}  // namespace

GemmArgs PackArguments(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                       const GemmOperands& operands) {
  const MatrixLayout a = LayoutOf(problem, v1::OPERAND_A);
  const MatrixLayout b = LayoutOf(problem, v1::OPERAND_B);
  const MatrixLayout c = LayoutOf(problem, v1::OPERAND_C);
  const MatrixLayout d = LayoutOf(problem, v1::OPERAND_D);
  const MatrixLayout aux = LayoutOf(problem, v1::OPERAND_AUX);
  GemmArgs args{};
  args.a = operands.a;
  args.b = operands.b;
  args.c = c.used() ? operands.c : nullptr;
  args.d = operands.d;
  args.bias = BiasElements(problem) > 0 ? operands.bias : nullptr;
  args.aux = aux.used() ? operands.aux : nullptr;
  args.amax = problem.epilogue().amax() ? operands.amax : nullptr;
  args.non_finite = problem.epilogue().non_finite_flag() ? operands.non_finite : nullptr;
  args.workspace = operands.workspace;
  const WorkspaceLayout workspace = LayOutWorkspace(plan, problem);
  if (workspace.has_column_sums) {
    args.column_sums =
        reinterpret_cast<float*>(static_cast<char*>(operands.workspace) + workspace.column_sums);
  }
  args.scale_a = ScaleElements(problem, v1::OPERAND_SCALE_A) > 0 ? operands.scale_a : nullptr;
  args.scale_b = ScaleElements(problem, v1::OPERAND_SCALE_B) > 0 ? operands.scale_b : nullptr;
  args.scale_d = ScaleElements(problem, v1::OPERAND_SCALE_D) > 0 ? operands.scale_d : nullptr;
  args.lda = a.row_stride;
  args.ldb = b.row_stride;
  args.ldc = c.row_stride;
  args.ldd = d.row_stride;
  args.ld_aux = aux.row_stride;
  args.a_batch_stride = a.batch_stride;
  args.b_batch_stride = b.batch_stride;
  args.c_batch_stride = c.batch_stride;
  args.d_batch_stride = d.batch_stride;
  args.aux_batch_stride = aux.batch_stride;
  args.m = static_cast<int>(problem.m());
  args.n = static_cast<int>(problem.n());
  args.k = static_cast<int>(problem.k());
  args.batch = static_cast<int>(std::max<int64_t>(problem.batch(), 1));
  args.split_k = std::max(plan.steps(0).split_k(), 1);
  args.raster_group = std::max(plan.raster_group(), 1);
  args.raster_along_n = plan.raster_along_n() ? 1 : 0;
  PackEpilogue(problem, operands, args);
  return args;
}

}  // namespace tilewright
