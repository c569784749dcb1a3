#include "kernel_templates/launch/gemm/gemm_operands.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/plan/launch_checks.h"
#include "kernel_templates/launch/plan/pack_arguments.h"
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
    PackDropout(QuantizeProbability(epilogue.dropout().probability()), args);
  }
  args.alpha = operands.alpha;
  args.beta = operands.beta;
}

}  // namespace

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

absl::Status CheckGemmShape(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                            const TensorUses& uses) {
  const ProblemShape shape = ShapeOf(problem);
  RETURN_IF_ERROR(CheckRequirements(plan, kGemmShapeFields, shape, uses));
  return CheckTileEnds(plan, kGemmShapeFields, shape);
}

absl::Status CheckGemmOperands(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                               const TensorUses& uses, const GemmArguments& operands) {
  for (const TensorUse& use : uses) {
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
        RETURN_IF_ERROR(CheckPointer(use, kGemmOperands.Get(use, operands), plan.requirements()));
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
                  const TensorUses& uses, const GemmArguments& operands) {
  GemmArgs args{};
  kGemmOperands.Pack(uses, operands, args);
  args.workspace = operands.workspace;
  PackColumnSums(LayOutWorkspace(plan, ShapeOf(problem)), operands.workspace, args);
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
