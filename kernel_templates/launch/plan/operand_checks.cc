#include "kernel_templates/launch/plan/operand_checks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/problem/dropout_mask.h"
#include "proto/support/errors.h"
#include "tilewright/gemm.h"

namespace tilewright {
namespace {

constexpr int kWorkspaceAlignment = 16;

}  // namespace

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
    return InvalidField("operands.offset", "SEED_WITHOUT_OFFSET",
                        "a seed without offset gives every launch the same random bits; count "
                        "launches from 0, and pass a backward launch that of its forward one");
  }
  if (offset < kOffsetLimit) return absl::OkStatus();
  return InvalidField("operands.offset", "OUT_OF_RANGE",
                      absl::StrCat(offset, " is not below 2^48"));
}

}  // namespace tilewright
