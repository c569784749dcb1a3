#include "kernel_templates/launch/plan/launch_checks.h"

#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/plan/size_checks.h"
#include "proto/problem/data_type.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

bool Divides(int64_t value, int64_t divisor) { return divisor <= 1 || value % divisor == 0; }

absl::Status CheckDivisor(const char* field, int64_t value, int divisor) {
  if (Divides(value, divisor)) return absl::OkStatus();
  return InvalidField(field, "NOT_DIVISIBLE",
                      absl::StrCat("the kernel needs a multiple of ", divisor));
}

absl::Status CheckStride(const char* field, int64_t stride, int element_bytes, int alignment) {
  if (Divides(stride * element_bytes, alignment)) return absl::OkStatus();
  return InvalidField(field, "MISALIGNED_STRIDE",
                      absl::StrCat("the kernel needs a multiple of ", alignment, " bytes, ", stride,
                                   " elements are not"));
}

absl::Status CheckStrides(const TensorUse& use, const v1::Requirements& needs) {
  const int alignment = AlignmentOf(use, needs);
  const int bytes = StorageBytes(use.layout.type);
  RETURN_IF_ERROR(CheckStride(use.row_field, use.layout.row_stride, bytes, alignment));
  return CheckStride(use.batch_field, use.layout.batch_stride, bytes, alignment);
}

}  // namespace

absl::Status CheckArchitecture(std::string_view architecture, int compute_capability) {
  const bool has_prefix = architecture.substr(0, 3) == "sm_";
  const bool specific = has_prefix && architecture.back() == 'a';
  const std::string digits(has_prefix ? architecture.substr(3, architecture.size() - 3 - specific)
                                      : "");
  int built_for = 0;
  const bool known = absl::SimpleAtoi(digits, &built_for);
  const bool runs =
      specific ? built_for == compute_capability
               : built_for / 10 == compute_capability / 10 && built_for <= compute_capability;
  if (known && runs) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "ARCHITECTURE_MISMATCH",
                   absl::StrCat("the kernel is native code for ", std::string(architecture),
                                ", this GPU is sm_", compute_capability));
}

absl::Status CheckExtents(const v1::LaunchPlan& plan, const ShapeFields& fields,
                          const ProblemShape& shape, const TensorUses& uses) {
  const v1::Requirements& needs = plan.requirements();
  RETURN_IF_ERROR(CheckDivisor(fields.m, shape.m, needs.m_divisor()));
  RETURN_IF_ERROR(CheckDivisor(fields.n, shape.n, needs.n_divisor()));
  RETURN_IF_ERROR(CheckDivisor(fields.k, shape.k, needs.k_divisor()));
  if (needs.n_limit() > 0 && shape.n > needs.n_limit()) {
    return InvalidField(
        fields.n, "OUT_OF_RANGE",
        absl::StrCat("the kernel takes rows of ", needs.n_limit(), " elements at most"));
  }
  RETURN_IF_ERROR(CheckGrids(fields.m, plan, shape));
  return CheckTensorMaps(plan, uses);
}

absl::Status CheckRequirements(const v1::LaunchPlan& plan, const ShapeFields& fields,
                               const ProblemShape& shape, const TensorUses& uses) {
  RETURN_IF_ERROR(CheckExtents(plan, fields, shape, uses));
  for (const TensorUse& use : uses) {
    if (use.IsMatrix()) RETURN_IF_ERROR(CheckStrides(use, plan.requirements()));
  }
  return absl::OkStatus();
}

}  // namespace tilewright
