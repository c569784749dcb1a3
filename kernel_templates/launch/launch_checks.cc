#include "kernel_templates/launch/launch_checks.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "kernel_templates/launch/size_checks.h"
#include "proto/problem/batch_stride.h"
#include "proto/problem/operand_layout.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

bool Divides(int64_t value, int64_t divisor) { return divisor <= 1 || value % divisor == 0; }

// Canonical problems have no other; what is quantised must be a number.
absl::Status CheckDropout(const v1::Dropout& dropout) {
  if (dropout.probability() >= 0 && dropout.probability() <= 1) return absl::OkStatus();
  return InvalidField("gemm.epilogue.dropout.probability", "OUT_OF_RANGE", "must be in [0, 1]");
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

absl::Status CheckStrides(const MatrixLayout& layout, int alignment, const char* row_field,
                          const char* batch_field) {
  if (!layout.used()) return absl::OkStatus();
  const int bytes = DataTypeBytes(layout.type);
  if (layout.row_stride < layout.columns) {
    return InvalidField(row_field, "STRIDE_TOO_SMALL",
                        absl::StrCat("must be at least ", layout.columns));
  }
  if (!Divides(layout.row_stride * bytes, alignment)) {
    return InvalidField(row_field, "MISALIGNED_STRIDE",
                        absl::StrCat("the kernel needs a multiple of ", alignment, " bytes, ",
                                     layout.row_stride, " elements are not"));
  }
  if (!Divides(layout.batch_stride * bytes, alignment)) {
    return InvalidField(batch_field, "MISALIGNED_STRIDE",
                        absl::StrCat("the kernel needs a multiple of ", alignment, " bytes, ",
                                     layout.batch_stride, " elements are not"));
  }
  return absl::OkStatus();
}

absl::Status CheckDimension(const char* field, int64_t value, int divisor) {
  if (value < 1 || value > kMaxExtent) {
    return InvalidField(field, "OUT_OF_RANGE", "must be in [1, 2^31 - 1]");
  }
  if (!Divides(value, divisor)) {
    return InvalidField(field, "NOT_DIVISIBLE",
                        absl::StrCat("the kernel needs a multiple of ", divisor));
  }
  return absl::OkStatus();
}

absl::Status CheckShape(const v1::LaunchPlan& plan, const v1::GemmProblem& problem) {
  const v1::Requirements& needs = plan.requirements();
  RETURN_IF_ERROR(CheckDimension("gemm.m", problem.m(), needs.m_divisor()));
  RETURN_IF_ERROR(CheckDimension("gemm.n", problem.n(), needs.n_divisor()));
  RETURN_IF_ERROR(CheckDimension("gemm.k", problem.k(), needs.k_divisor()));
  if (problem.batch() < 0 || problem.batch() > kMaxGridYz) {
    return InvalidField("gemm.batch", "OUT_OF_RANGE", "must be in [1, 65535]");
  }
  RETURN_IF_ERROR(CheckDropout(problem.epilogue().dropout()));
  RETURN_IF_ERROR(CheckBatchStrides(problem));
  RETURN_IF_ERROR(CheckGrids("gemm.m", plan, problem));
  RETURN_IF_ERROR(CheckTileEnds(plan, problem));
  RETURN_IF_ERROR(CheckTensorMaps(plan, problem));
  RETURN_IF_ERROR(CheckStrides(LayoutOf(problem, v1::OPERAND_A), needs.a_alignment(), "gemm.lda",
                               "gemm.a_batch_stride"));
  RETURN_IF_ERROR(CheckStrides(LayoutOf(problem, v1::OPERAND_B), needs.b_alignment(), "gemm.ldb",
                               "gemm.b_batch_stride"));
  RETURN_IF_ERROR(CheckStrides(LayoutOf(problem, v1::OPERAND_C), needs.c_alignment(), "gemm.ldc",
                               "gemm.c_batch_stride"));
  RETURN_IF_ERROR(CheckStrides(LayoutOf(problem, v1::OPERAND_D), needs.d_alignment(), "gemm.ldd",
                               "gemm.d_batch_stride"));
  return CheckStrides(LayoutOf(problem, v1::OPERAND_AUX), needs.aux_alignment(), "gemm.ld_aux",
                      "gemm.aux_batch_stride");
}

}  // namespace tilewright
