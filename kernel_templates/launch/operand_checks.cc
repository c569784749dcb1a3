#include "kernel_templates/launch/operand_checks.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/scale_layout.h"
#include "kernel_templates/launch/workspace_layout.h"
#include "proto/problem/batch_stride.h"
#include "proto/problem/dropout_mask.h"
#include "proto/problem/operand_layout.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

constexpr int kWorkspaceAlignment = 16;
constexpr int kMaskAlignment = 2;  // Kernels write the 16 bits of a row of a block at once.

int AtLeast(int alignment, v1::DataType type) { return std::max(alignment, DataTypeBytes(type)); }

absl::Status CheckMask(const v1::GemmProblem& problem, const GemmOperands& operands) {
  const int64_t bytes = MaskBytes(problem);
  RETURN_IF_ERROR(CheckPointer("operands.mask", operands.mask, bytes > 0, kMaskAlignment));
  if (operands.mask_bytes == 0 || operands.mask_bytes >= bytes) return absl::OkStatus();
  return InvalidField("operands.mask_bytes", "MASK_TOO_SMALL",
                      absl::StrCat("the mask has ", bytes, " bytes, got ", operands.mask_bytes));
}

// A kernel may store what an epilogue begins with where D will be, and read the residual, or what a
// gradient is multiplied with, after that. Of problems, not of kernels, so that the next best
// kernel takes what this one does.
absl::Status CheckInPlace(const v1::GemmProblem& problem, const GemmOperands& operands) {
  RETURN_IF_ERROR(CheckSharedSource(problem, operands));
  const v1::Epilogue& epilogue = problem.epilogue();
  if (!HasDropout(problem) && !epilogue.gradient()) return absl::OkStatus();
  const bool has_residual = epilogue.source_mode() == v1::SOURCE_MODE_RESIDUAL;
  if (has_residual && operands.c == operands.d) {
    return InvalidField("operands.c", "IS_OUTPUT",
                        "the residual of a dropout must not be D; give D memory of its own");
  }
  if (epilogue.gradient() && HasAux(problem) && operands.aux == operands.d) {
    return InvalidField("operands.aux", "IS_OUTPUT",
                        "what a gradient reads must not be D; give D memory of its own");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckPointer(const char* field, const void* pointer, bool needed, int alignment) {
  if (!needed) return absl::OkStatus();
  if (pointer == nullptr) return InvalidField(field, "NULL_POINTER", "is null");
  if (reinterpret_cast<uintptr_t>(pointer) % static_cast<uintptr_t>(std::max(alignment, 1)) != 0) {
    return InvalidField(field, "MISALIGNED_POINTER",
                        absl::StrCat("must be aligned to ", alignment, " bytes"));
  }
  return absl::OkStatus();
}

bool ReadsSource(const v1::GemmProblem& problem, const GemmOperands& operands) {
  if (problem.epilogue().source_mode() != v1::SOURCE_MODE_ACCUMULATE) return HasSource(problem);
  return problem.epilogue().device_scalars() || operands.beta != 0.0f;
}

absl::Status CheckSource(const v1::GemmProblem& problem, const GemmOperands& operands,
                         int alignment) {
  const bool needed = ReadsSource(problem, operands);
  const bool accumulates = problem.epilogue().source_mode() == v1::SOURCE_MODE_ACCUMULATE;
  if (needed && accumulates && operands.c == nullptr) {
    return InvalidField("operands.c", "NULL_POINTER",
                        problem.epilogue().device_scalars()
                            ? "is null; beta is in device memory, and C must be there for any beta"
                            : "is null; pass C, or a beta of 0, with which it is not read");
  }
  return CheckPointer("operands.c", operands.c, needed, alignment);
}

absl::Status CheckScalars(const v1::GemmProblem& problem, const GemmOperands& operands) {
  if (!problem.epilogue().device_scalars()) {
    if (problem.d_type() != v1::DATA_TYPE_INT32 || operands.alpha == 1.0f) return absl::OkStatus();
    return InvalidField("operands.alpha", "SCALAR_NOT_EXACT",
                        "an int32 D is the exact sum: must be 1");
  }
  const bool has_beta = problem.epilogue().source_mode() == v1::SOURCE_MODE_ACCUMULATE;
  RETURN_IF_ERROR(
      CheckPointer("operands.device_alpha", operands.device_alpha, true, sizeof(float)));
  return CheckPointer("operands.device_beta", operands.device_beta, has_beta, sizeof(float));
}

absl::Status CheckSharedSource(const v1::GemmProblem& problem, const GemmOperands& operands) {
  const bool is_shared =
      ReadsSource(problem, operands) && problem.c_batch_stride() == kSharedByBatches;
  if (!is_shared || problem.batch() <= 1 || operands.c != operands.d) return absl::OkStatus();
  return InvalidField("operands.c", "IS_OUTPUT",
                      "a C that all batches share must not be D, which the first of them would "
                      "overwrite; give D memory of its own");
}

absl::Status CheckWorkspaceOperand(const void* workspace, int64_t bytes, int64_t needed) {
  if (bytes < needed) {
    return InvalidField("operands.workspace_bytes", "WORKSPACE_TOO_SMALL",
                        absl::StrCat("the launch needs ", needed, " bytes, got ", bytes));
  }
  return CheckPointer("operands.workspace", workspace, needed > 0, kWorkspaceAlignment);
}

absl::Status CheckOffsetOperand(uint64_t offset) {
  if (offset == kNoOffset) {
    return InvalidField("operands.offset", "SEED_WITHOUT_OFFSET",
                        "a seed without offset gives every launch the same random bits; count "
                        "launches from 0, and pass a backward launch that of its forward one");
  }
  if (offset < kOffsetLimit) return absl::OkStatus();
  return InvalidField("operands.offset", "OUT_OF_RANGE",
                      absl::StrCat(offset, " is not below 2^48"));
}

absl::Status CheckOperands(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                           const GemmOperands& operands) {
  const v1::Requirements& needs = plan.requirements();
  const v1::Epilogue& epilogue = problem.epilogue();
  RETURN_IF_ERROR(
      CheckPointer("operands.a", operands.a, true, AtLeast(needs.a_alignment(), problem.a_type())));
  RETURN_IF_ERROR(
      CheckPointer("operands.b", operands.b, true, AtLeast(needs.b_alignment(), problem.b_type())));
  RETURN_IF_ERROR(
      CheckSource(problem, operands, AtLeast(needs.c_alignment(), epilogue.source_type())));
  RETURN_IF_ERROR(
      CheckPointer("operands.d", operands.d, true, AtLeast(needs.d_alignment(), problem.d_type())));
  RETURN_IF_ERROR(CheckPointer("operands.bias", operands.bias, BiasElements(problem) > 0,
                               AtLeast(needs.bias_alignment(), epilogue.bias_type())));
  RETURN_IF_ERROR(CheckPointer("operands.aux", operands.aux, HasAux(problem),
                               AtLeast(needs.aux_alignment(), epilogue.aux_type())));
  RETURN_IF_ERROR(CheckInPlace(problem, operands));
  RETURN_IF_ERROR(CheckPointer("operands.amax", operands.amax, epilogue.amax(), sizeof(float)));
  RETURN_IF_ERROR(CheckPointer("operands.non_finite", operands.non_finite,
                               epilogue.non_finite_flag(), sizeof(uint32_t)));
  RETURN_IF_ERROR(CheckScales(problem, operands, sizeof(float)));
  RETURN_IF_ERROR(CheckScalars(problem, operands));
  RETURN_IF_ERROR(CheckMask(problem, operands));
  RETURN_IF_ERROR(CheckPointer("operands.bias_gradient", operands.bias_gradient,
                               epilogue.bias_gradient(), sizeof(float)));
  if (UsesRandomBits(problem)) RETURN_IF_ERROR(CheckOffsetOperand(operands.offset));
  return CheckWorkspaceOperand(operands.workspace, operands.workspace_bytes,
                               WorkspaceBytesFor(plan, problem));
}

}  // namespace tilewright
