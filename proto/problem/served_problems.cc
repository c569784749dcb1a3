#include "proto/problem/served_problems.h"

#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// The tensor core transposes 16-bit elements alone.
absl::Status CheckFp8Layouts(const v1::GemmProblem& gemm) {
  const bool a_along_k = gemm.a_layout() == v1::OPERAND_LAYOUT_NORMAL;
  const bool b_along_k = gemm.b_layout() == v1::OPERAND_LAYOUT_TRANSPOSED;
  if (a_along_k && b_along_k) return absl::OkStatus();
  return InvalidField(a_along_k ? "gemm.b_layout" : "gemm.a_layout", "UNSUPPORTED_LAYOUT",
                      "fp8 operands must be contiguous along k: A NORMAL ([m, k]) and B "
                      "TRANSPOSED ([n, k])");
}

absl::Status CheckTypesServed(const v1::GemmProblem& gemm) {
  const v1::DataType a = gemm.a_type();
  if (IsFp8(a)) RETURN_IF_ERROR(CheckFp8Layouts(gemm));
  const v1::DataType d = gemm.d_type();
  if (a == v1::DATA_TYPE_FP32 && d != v1::DATA_TYPE_FP32) {
    return Unimplemented("gemm.d_type",
                         absl::StrCat("no template of this version gives ", TypeName(d),
                                      " from fp32 inputs; use fp32, or tf32 inputs"));
  }
  if (!IsStoredFloat(d) && !IsFp8(d) && d != v1::DATA_TYPE_INT32) {
    return Unimplemented("gemm.d_type", absl::StrCat("no template of this version writes ",
                                                     TypeName(d), "; use fp32, fp16 or bf16"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckServed(const v1::GemmProblem& gemm) {
  RETURN_IF_ERROR(CheckTypesServed(gemm));
  if (gemm.numerics().promote_accumulation() &&
      (!IsFp8(gemm.a_type()) || gemm.accumulator_type() == v1::DATA_TYPE_FP16)) {
    return InvalidField("gemm.numerics.promote_accumulation", "NOTHING_TO_PROMOTE",
                        "is for fp8 inputs summed in fp32; others are summed as they are");
  }
  return absl::OkStatus();
}

}  // namespace tilewright
