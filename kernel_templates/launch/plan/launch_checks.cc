#include "kernel_templates/launch/plan/launch_checks.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/plan/size_checks.h"
#include "proto/problem/dropout_mask.h"
#include "proto/problem/problem.h"
#include "proto/support/architecture.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tilewright/gemm.h"

namespace tilewright {
namespace {

absl::Status Refusal(const BrokenRequirement& broken) {
  switch (broken.rule) {
    case BrokenRequirement::Rule::kDivisor:
      return InvalidField(broken.field, "NOT_DIVISIBLE",
                          absl::StrCat("the kernel needs a multiple of ", broken.needed));
    case BrokenRequirement::Rule::kLimit:
      return InvalidField(
          broken.field, "OUT_OF_RANGE",
          absl::StrCat("the kernel takes rows of ", broken.needed, " elements at most"));
    case BrokenRequirement::Rule::kAlignment:
      break;
  }
  return InvalidField(broken.field, "MISALIGNED_STRIDE",
                      absl::StrCat("the kernel needs a multiple of ", broken.needed, " bytes, ",
                                   broken.stride, " elements are not"));
}

constexpr int kWorkspaceAlignment = 16;

}  // namespace

absl::Status CheckArchitecture(std::string_view architecture, int compute_capability) {
  const std::optional<Architecture> built_for = ParseArchitecture(architecture);
  if (built_for && built_for->RunsOn(compute_capability)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "ARCHITECTURE_MISMATCH",
                   absl::StrCat("the kernel is native code for ", std::string(architecture),
                                ", but this GPU is sm_", compute_capability));
}

absl::Status CheckExtents(const v1::LaunchPlan& plan, const ShapeFields& fields,
                          const ProblemShape& shape, const TensorUses& uses) {
  // Without tensors, no alignment is checked.
  const auto broken = FirstBrokenRequirement(plan.requirements(), fields, shape, {});
  if (broken) return Refusal(*broken);
  RETURN_IF_ERROR(CheckGrids(fields.m, plan, shape));
  return CheckTensorMaps(plan, uses);
}

absl::Status CheckRequirements(const v1::LaunchPlan& plan, const ShapeFields& fields,
                               const ProblemShape& shape, const TensorUses& uses) {
  RETURN_IF_ERROR(CheckExtents(plan, fields, shape, uses));
  const auto broken = FirstBrokenRequirement(plan.requirements(), fields, shape, uses);
  return broken ? Refusal(*broken) : absl::OkStatus();
}

absl::Status CheckPointer(const char* name, const void* pointer, int alignment) {
  const auto field = [&] { return absl::StrCat("operands.", name); };
  if (pointer == nullptr) return InvalidField(field(), "NULL_POINTER", "is null");
  if (reinterpret_cast<uintptr_t>(pointer) % static_cast<uintptr_t>(std::max(alignment, 1)) != 0) {
    return InvalidField(field(), "MISALIGNED_POINTER",
                        absl::StrCat("must be aligned to ", alignment, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status CheckPointer(const TensorUse& use, const void* pointer,
                          const v1::Requirements& requirements) {
  return CheckPointer(use.name, pointer, AlignmentOf(use, requirements));
}

absl::Status CheckMaskBytes(const TensorUse& mask, int64_t given) {
  const int64_t bytes = mask.layout.SpanBytes();
  if (given == 0 || given >= bytes) return absl::OkStatus();
  return InvalidField("operands.mask_bytes", "MASK_TOO_SMALL",
                      absl::StrCat("the mask has ", bytes, " bytes, got ", given));
}

absl::Status CheckWorkspaceOperand(const void* workspace, int64_t bytes, int64_t needed) {
  if (bytes < needed) {
    return InvalidField("operands.workspace_bytes", "WORKSPACE_TOO_SMALL",
                        absl::StrCat("the launch needs ", needed, " bytes, got ", bytes));
  }
  return needed > 0 ? CheckPointer("workspace", workspace, kWorkspaceAlignment) : absl::OkStatus();
}

absl::Status CheckOffsetOperand(uint64_t offset) {
  if (offset == kNoLaunchOffset) {
    return InvalidField(
        "operands.offset", "SEED_WITHOUT_OFFSET",
        "a seed without offset gives every launch the same random bits; pass a new offset to each "
        "launch, from 0 on, and to a backward launch the offset of its forward launch");
  }
  if (offset < kOffsetLimit) return absl::OkStatus();
  return InvalidField("operands.offset", "OUT_OF_RANGE",
                      absl::StrCat(offset, " is not below 2^48"));
}

}  // namespace tilewright
