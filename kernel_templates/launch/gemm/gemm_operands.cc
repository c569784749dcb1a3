#include "kernel_templates/launch/gemm/gemm_operands.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/plan/launch_checks.h"
#include "kernel_templates/launch/plan/operand_checks.h"
#include "kernel_templates/launch/plan/size_checks.h"
#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/problem/data_type.h"
#include "proto/problem/dropout_mask.h"
#include "proto/problem/gemm/batch_stride.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

static_assert(kBatchBroadcast == kSharedByBatches);

constexpr int kMaskAlignment = 2;  // Kernels write the 16 bits of a row of a block at once.

// "[batch][m]", for messages.
const char* ShapeOf(const v1::GemmProblem& problem, v1::Operand operand) {
  if (operand == v1::OPERAND_SCALE_D) return "one value";
  const bool is_a = operand == v1::OPERAND_SCALE_A;
  switch (problem.scaling_mode()) {
    case v1::SCALING_MODE_PER_ROW_COLUMN:
      return is_a ? "[batch][m]" : "[batch][n]";
    case v1::SCALING_MODE_BLOCK_128:
      return is_a ? "[batch][ceil(k / 128)][m]"
                  : "[batch][ceil(n / 128)][ceil(k / 128) rounded up to a multiple of 4]";
    default:
      return "one value";
  }
}

absl::Status CheckScale(const char* field, const v1::GemmProblem& problem, v1::Operand operand,
                        const float* scales, int64_t given, int alignment) {
  const int64_t needed = ScaleElements(problem, operand);
  if (needed == 0) return absl::OkStatus();
  const std::string wanted =
      absl::StrCat("pass ", needed, " fp32 in device memory, ", ShapeOf(problem, operand));
  if (scales == nullptr) {
    return InvalidField(field, "NULL_POINTER", absl::StrCat("is null; ", wanted));
  }
  if (reinterpret_cast<uintptr_t>(scales) % static_cast<uintptr_t>(alignment) != 0) {
    return InvalidField(field, "MISALIGNED_POINTER",
                        absl::StrCat("must be aligned to ", alignment, " bytes"));
  }
  if (given != 0 && given != needed) {
    return InvalidField(field, "WRONG_SHAPE", absl::StrCat("has ", given, " elements; ", wanted));
  }
  return absl::OkStatus();
}

// A kernel may store what an epilogue begins with where D will be, and read the residual, or what a
// gradient is multiplied with, after that. Of problems, not of kernels, so that the next best
// kernel takes what this one does.
absl::Status CheckInPlace(const v1::GemmProblem& problem, const GemmArguments& operands) {
  RETURN_IF_ERROR(CheckSharedSource(problem, operands));
  const v1::Epilogue& epilogue = problem.epilogue();
  if (!HasDropout(epilogue) && !epilogue.gradient()) return absl::OkStatus();
  const bool has_residual = epilogue.source_mode() == v1::SOURCE_MODE_RESIDUAL;
  if (has_residual && operands.c == operands.d) {
    return InvalidField("operands.c", "IS_OUTPUT",
                        "the residual of a dropout must not be D; give D memory of its own");
  }
  if (epilogue.gradient() && HasAux(epilogue) && operands.aux == operands.d) {
    return InvalidField("operands.aux", "IS_OUTPUT",
                        "what a gradient reads must not be D; give D memory of its own");
  }
  return absl::OkStatus();
}

// Dropout, the gradient and the scalars of the epilogue; what it does not have stays zero.
void PackEpilogue(const v1::GemmProblem& problem, const GemmArguments& operands, GemmArgs& args) {
  const v1::Epilogue& epilogue = problem.epilogue();
  if (UsesRandomBits(epilogue)) {
    args.keys = PhiloxKeysOf(operands.seed);
    args.offset = operands.offset;
  }
  if (HasDropout(epilogue)) {
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

const void* PointerOf(GemmTensor tensor, const GemmArguments& operands) {
  switch (tensor) {
    case GemmTensor::kA:
      return operands.a;
    case GemmTensor::kB:
      return operands.b;
    case GemmTensor::kC:
      return operands.c;
    case GemmTensor::kD:
      return operands.d;
    case GemmTensor::kAux:
      return operands.aux;
    case GemmTensor::kBias:
      return operands.bias;
    case GemmTensor::kMask:
      return operands.mask;
    case GemmTensor::kBiasGradient:
      return operands.bias_gradient;
    case GemmTensor::kAmax:
      return operands.amax;
    case GemmTensor::kNonFinite:
      return operands.non_finite;
    case GemmTensor::kScaleA:
      return operands.scale_a;
    case GemmTensor::kScaleB:
      return operands.scale_b;
    case GemmTensor::kScaleD:
      return operands.scale_d;
    case GemmTensor::kDeviceAlpha:
      return operands.device_alpha;
    case GemmTensor::kDeviceBeta:
      return operands.device_beta;
  }
  return nullptr;
}

void SetPointer(GemmTensor tensor, void* pointer, GemmArguments& operands) {
  switch (tensor) {
    case GemmTensor::kA:
      operands.a = pointer;
      return;
    case GemmTensor::kB:
      operands.b = pointer;
      return;
    case GemmTensor::kC:
      operands.c = pointer;
      return;
    case GemmTensor::kD:
      operands.d = pointer;
      return;
    case GemmTensor::kAux:
      operands.aux = pointer;
      return;
    case GemmTensor::kBias:
      operands.bias = pointer;
      return;
    case GemmTensor::kMask:
      operands.mask = pointer;
      return;
    case GemmTensor::kBiasGradient:
      operands.bias_gradient = static_cast<float*>(pointer);
      return;
    case GemmTensor::kAmax:
      operands.amax = static_cast<float*>(pointer);
      return;
    case GemmTensor::kNonFinite:
      operands.non_finite = static_cast<uint32_t*>(pointer);
      return;
    case GemmTensor::kScaleA:
      operands.scale_a = static_cast<float*>(pointer);
      return;
    case GemmTensor::kScaleB:
      operands.scale_b = static_cast<float*>(pointer);
      return;
    case GemmTensor::kScaleD:
      operands.scale_d = static_cast<float*>(pointer);
      return;
    case GemmTensor::kDeviceAlpha:
      operands.device_alpha = static_cast<float*>(pointer);
      return;
    case GemmTensor::kDeviceBeta:
      operands.device_beta = static_cast<float*>(pointer);
      return;
  }
}

bool ReadsSource(const v1::GemmProblem& problem, const GemmArguments& operands) {
  if (problem.epilogue().source_mode() != v1::SOURCE_MODE_ACCUMULATE)
    return HasSource(problem.epilogue());
  return problem.epilogue().device_scalars() || operands.beta != 0.0f;
}

absl::Status CheckSource(const v1::GemmProblem& problem, const GemmArguments& operands,
                         int alignment) {
  const bool needed = ReadsSource(problem, operands);
  const bool accumulates = problem.epilogue().source_mode() == v1::SOURCE_MODE_ACCUMULATE;
  if (needed && accumulates && operands.c == nullptr) {
    return InvalidField("operands.c", "NULL_POINTER",
                        problem.epilogue().device_scalars()
                            ? "is null; beta is in device memory, and C must be there for any beta"
                            : "is null; pass C, or a beta of 0, with which it is not read");
  }
  return needed ? CheckPointer("c", operands.c, alignment) : absl::OkStatus();
}

absl::Status CheckScalars(const v1::GemmProblem& problem, const GemmArguments& operands) {
  if (!problem.epilogue().device_scalars()) {
    if (problem.d_type() != v1::DATA_TYPE_INT32 || operands.alpha == 1.0f) return absl::OkStatus();
    return InvalidField("operands.alpha", "SCALAR_NOT_EXACT",
                        "an int32 D is the exact sum: must be 1");
  }
  const bool has_beta = problem.epilogue().source_mode() == v1::SOURCE_MODE_ACCUMULATE;
  RETURN_IF_ERROR(CheckPointer("device_alpha", operands.device_alpha, sizeof(float)));
  return has_beta ? CheckPointer("device_beta", operands.device_beta, sizeof(float))
                  : absl::OkStatus();
}

absl::Status CheckSharedSource(const v1::GemmProblem& problem, const GemmArguments& operands) {
  const bool is_shared =
      ReadsSource(problem, operands) && problem.c_batch_stride() == kSharedByBatches;
  if (!is_shared || problem.batch() <= 1 || operands.c != operands.d) return absl::OkStatus();
  return InvalidField("operands.c", "IS_OUTPUT",
                      "a C that all batches share must not be D, which the first of them would "
                      "overwrite; give D memory of its own");
}

absl::Status CheckScales(const v1::GemmProblem& problem, const GemmArguments& operands,
                         int alignment) {
  RETURN_IF_ERROR(CheckScale("operands.scale_a", problem, v1::OPERAND_SCALE_A, operands.scale_a,
                             operands.scale_a_elements, alignment));
  RETURN_IF_ERROR(CheckScale("operands.scale_b", problem, v1::OPERAND_SCALE_B, operands.scale_b,
                             operands.scale_b_elements, alignment));
  return CheckScale("operands.scale_d", problem, v1::OPERAND_SCALE_D, operands.scale_d,
                    /*given=*/0, alignment);
}

absl::Status CheckGemmShape(const v1::LaunchPlan& plan, const v1::GemmProblem& problem) {
  const ProblemShape shape = ShapeOf(problem);
  RETURN_IF_ERROR(CheckRequirements(plan, kGemmShapeFields, shape, TensorsOf(problem)));
  return CheckTileEnds(plan, kGemmShapeFields, shape);
}

absl::Status CheckGemmOperands(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                               const GemmArguments& operands) {
  for (const TensorUse& use : TensorsOf(problem)) {
    const auto tensor = static_cast<GemmTensor>(use.tensor);
    const void* pointer = PointerOf(tensor, operands);
    const int alignment = AlignmentOf(use, plan.requirements());
    switch (tensor) {
      case GemmTensor::kC:
        RETURN_IF_ERROR(CheckSource(problem, operands, alignment));
        break;
      case GemmTensor::kMask:
        RETURN_IF_ERROR(CheckPointer(use.name, pointer, kMaskAlignment));
        RETURN_IF_ERROR(CheckMaskBytes(use, operands.mask_bytes));
        break;
      case GemmTensor::kScaleA:
      case GemmTensor::kScaleB:
      case GemmTensor::kScaleD:
        break;  // CheckScales has more to say.
      default:
        RETURN_IF_ERROR(CheckPointer(use.name, pointer, alignment));
    }
  }
  RETURN_IF_ERROR(CheckInPlace(problem, operands));
  RETURN_IF_ERROR(CheckScales(problem, operands, sizeof(float)));
  RETURN_IF_ERROR(CheckScalars(problem, operands));
  if (UsesRandomBits(problem.epilogue())) RETURN_IF_ERROR(CheckOffsetOperand(operands.offset));
  return CheckWorkspaceOperand(operands.workspace, operands.workspace_bytes,
                               WorkspaceBytesFor(plan, ShapeOf(problem)));
}

GemmArgs PackGemm(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                  const GemmArguments& operands) {
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
  const WorkspaceLayout workspace = LayOutWorkspace(plan, ShapeOf(problem));
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
