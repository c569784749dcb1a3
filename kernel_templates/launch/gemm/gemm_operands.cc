#include "kernel_templates/launch/gemm/gemm_operands.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/plan/launch_checks.h"
#include "kernel_templates/launch/plan/pointer_member.h"
#include "kernel_templates/launch/plan/size_checks.h"
#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/problem/data_type.h"
#include "proto/problem/dropout_mask.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_strides.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

static_assert(kBatchBroadcast == kSharedByBatches);

using From = GemmArguments;
using To = GemmArgs;
constexpr OperandRow<GemmTensor, From, To> kRows[] = {
    {GemmTensor::kA, &From::a, &To::a, &To::lda, &To::a_batch_stride},
    {GemmTensor::kB, &From::b, &To::b, &To::ldb, &To::b_batch_stride},
    {GemmTensor::kC, &From::c, &To::c, &To::ldc, &To::c_batch_stride},
    {GemmTensor::kD, &From::d, &To::d, &To::ldd, &To::d_batch_stride},
    {GemmTensor::kAux, &From::aux, &To::aux, &To::ld_aux, &To::aux_batch_stride},
    {GemmTensor::kBias, &From::bias, &To::bias},
    {GemmTensor::kMask, &From::mask, &To::mask},
    {GemmTensor::kBiasGradient, &From::bias_gradient, &To::bias_gradient},
    {GemmTensor::kAmax, &From::amax, &To::amax},
    {GemmTensor::kNonFinite, &From::non_finite, &To::non_finite},
    {GemmTensor::kScaleA, &From::scale_a, &To::scale_a},
    {GemmTensor::kScaleB, &From::scale_b, &To::scale_b},
    {GemmTensor::kScaleD, &From::scale_d, &To::scale_d},
    {GemmTensor::kDeviceAlpha, &From::device_alpha, &To::device_alpha},
    {GemmTensor::kDeviceBeta, &From::device_beta, &To::device_beta},
};
static_assert(IsTableOf(kRows, kLastGemmTensor));

const auto& RowOf(GemmTensor tensor) { return kRows[static_cast<std::size_t>(tensor)]; }

// Returns the shape for messages: "[batch][m]".
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

absl::Status CheckScale(const char* name, const v1::GemmProblem& problem, v1::Operand operand,
                        const float* scales, int64_t given, int alignment) {
  const int64_t needed = ScaleElements(problem, operand);
  if (needed == 0) return absl::OkStatus();
  const auto refuse = [&](const char* reason, const std::string& fault) {
    return InvalidField(absl::StrCat("operands.", name), reason,
                        absl::StrCat(fault, "; pass ", needed, " fp32 in device memory, ",
                                     ShapeOf(problem, operand)));
  };
  if (scales == nullptr) return refuse("NULL_POINTER", "is null");
  RETURN_IF_ERROR(CheckPointer(name, scales, alignment));
  if (given != 0 && given != needed) {
    return refuse("WRONG_SHAPE", absl::StrCat("has ", given, " elements"));
  }
  return absl::OkStatus();
}

// A kernel may store a first part of the epilogue in D and then read the residual, or the factor of
// a gradient. The check looks at the problem and not at the kernel, so the next best kernel takes
// the same operands.
absl::Status CheckInPlace(const v1::GemmProblem& problem, const GemmArguments& operands) {
  RETURN_IF_ERROR(CheckSharedSource(problem, operands));
  const v1::Epilogue& epilogue = problem.epilogue();
  if (!HasDropout(epilogue) && !epilogue.gradient()) return absl::OkStatus();
  const bool has_residual = epilogue.source_mode() == v1::SOURCE_MODE_RESIDUAL;
  if (has_residual && operands.c == operands.d) {
    return InvalidField("operands.c", "IS_OUTPUT",
                        "the residual of a dropout must not be D; give D its own memory");
  }
  if (epilogue.gradient() && HasAux(epilogue) && operands.aux == operands.d) {
    return InvalidField("operands.aux", "IS_OUTPUT",
                        "a gradient reads aux, so aux must not be D; give D its own memory");
  }
  return absl::OkStatus();
}

// Packs dropout and the scalars of the epilogue. Absent parts stay zero.
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
  }
  args.alpha = operands.alpha;
  args.beta = operands.beta;
}

}  // namespace

const void* PointerOf(GemmTensor tensor, const GemmArguments& operands) {
  return GetPointer(RowOf(tensor).operand, operands);
}

void SetPointer(GemmTensor tensor, void* pointer, GemmArguments& operands) {
  SetPointer(RowOf(tensor).operand, pointer, operands);
}

bool ReadsSource(const v1::GemmProblem& problem, const GemmArguments& operands) {
  if (!Accumulates(problem.epilogue())) return HasSource(problem.epilogue());
  return problem.epilogue().device_scalars() || operands.beta != 0.0f;
}

absl::Status CheckSource(const v1::GemmProblem& problem, const GemmArguments& operands,
                         int alignment) {
  const bool needed = ReadsSource(problem, operands);
  if (needed && Accumulates(problem.epilogue()) && operands.c == nullptr) {
    return InvalidField("operands.c", "NULL_POINTER",
                        problem.epilogue().device_scalars()
                            ? "is null; beta is in device memory, and C must be there for any beta"
                            : "is null; pass C, or a beta of 0: then C is not read");
  }
  return needed ? CheckPointer("c", operands.c, alignment) : absl::OkStatus();
}

absl::Status CheckAlpha(const v1::GemmProblem& problem, const GemmArguments& operands) {
  if (problem.d_type() != v1::DATA_TYPE_INT32 || operands.alpha == 1.0f) return absl::OkStatus();
  return InvalidField("operands.alpha", "SCALAR_NOT_EXACT",
                      "an int32 D is the exact sum: must be 1");
}

absl::Status CheckSharedSource(const v1::GemmProblem& problem, const GemmArguments& operands) {
  const bool is_shared =
      ReadsSource(problem, operands) && problem.c_batch_stride() == kSharedByBatches;
  if (!is_shared || problem.batch() <= 1 || operands.c != operands.d) return absl::OkStatus();
  return InvalidField("operands.c", "IS_OUTPUT",
                      "a C that all batches share must not be D: the first batch would "
                      "overwrite it; give D its own memory");
}

absl::Status CheckScales(const v1::GemmProblem& problem, const GemmArguments& operands,
                         int alignment) {
  RETURN_IF_ERROR(CheckScale("scale_a", problem, v1::OPERAND_SCALE_A, operands.scale_a,
                             operands.scale_a_elements, alignment));
  RETURN_IF_ERROR(CheckScale("scale_b", problem, v1::OPERAND_SCALE_B, operands.scale_b,
                             operands.scale_b_elements, alignment));
  return CheckScale("scale_d", problem, v1::OPERAND_SCALE_D, operands.scale_d,
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
    const GemmTensor tensor = GemmTensorOf(use);
    switch (tensor) {
      case GemmTensor::kC:
        RETURN_IF_ERROR(CheckSource(problem, operands, AlignmentOf(use, plan.requirements())));
        break;
      case GemmTensor::kScaleA:
      case GemmTensor::kScaleB:
      case GemmTensor::kScaleD:
        break;  // CheckScales checks them.
      default:
        RETURN_IF_ERROR(CheckPointer(use, PointerOf(tensor, operands), plan.requirements()));
    }
    if (tensor == GemmTensor::kMask) RETURN_IF_ERROR(CheckMaskBytes(use, operands.mask_bytes));
  }
  RETURN_IF_ERROR(CheckInPlace(problem, operands));
  RETURN_IF_ERROR(CheckScales(problem, operands, sizeof(float)));
  RETURN_IF_ERROR(CheckAlpha(problem, operands));
  if (UsesRandomBits(problem.epilogue())) RETURN_IF_ERROR(CheckOffsetOperand(operands.offset));
  return CheckWorkspaceOperand(operands.workspace, operands.workspace_bytes,
                               WorkspaceBytesFor(plan, ShapeOf(problem)));
}

GemmArgs PackGemm(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                  const GemmArguments& operands) {
  GemmArgs args{};
  for (const TensorUse& use : TensorsOf(problem)) {
    const auto& row = RowOf(GemmTensorOf(use));
    SetPointer(row.argument, const_cast<void*>(GetPointer(row.operand, operands)), args);
    if (row.row_stride == nullptr) continue;
    args.*row.row_stride = use.layout.row_stride;
    args.*row.batch_stride = use.layout.batch_stride;
  }
  args.workspace = operands.workspace;
  const WorkspaceLayout workspace = LayOutWorkspace(plan, ShapeOf(problem));
  if (workspace.has_column_sums) {
    args.column_sums =
        reinterpret_cast<float*>(static_cast<char*>(operands.workspace) + workspace.column_sums);
  }
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
