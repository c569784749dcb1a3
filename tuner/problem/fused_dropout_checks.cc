#include "tuner/problem/fused_dropout_checks.h"

#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/problem/data_type.h"
#include "tuner/problem/epilogue_canonicalizer.h"
#include "tuner/problem/gemm_canonicalizer.h"

namespace tilewright {
namespace {

bool HasResidual(const v1::FusedDropoutProblem& problem) {
  return problem.operation() == v1::DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL;
}

bool HasActivation(const v1::FusedDropoutProblem& problem) {
  return problem.operation() == v1::DROPOUT_OPERATION_BIAS_ACTIVATION_DROPOUT;
}

bool HasBias(const v1::FusedDropoutProblem& problem) {
  return HasResidual(problem) || HasActivation(problem);
}

absl::Status CheckExtent(const char* field, int64_t value) {
  constexpr int64_t kMaximum = std::numeric_limits<int32_t>::max();
  if (value >= 1 && value <= kMaximum) return absl::OkStatus();
  return InvalidField(field, "OUT_OF_RANGE", absl::StrCat(value, " is not in [1, ", kMaximum, "]"));
}

absl::Status CheckType(const std::string& field, v1::DataType type) {
  if (type == v1::DATA_TYPE_UNSPECIFIED || IsStoredFloat(type)) return absl::OkStatus();
  return InvalidField(
      field, "UNSUPPORTED_TYPES",
      absl::StrCat(TypeName(type), " is not admitted here; use fp32, fp16 or bf16"));
}

absl::Status CheckStride(const char* field, int64_t columns, int64_t stride) {
  if (stride == 0 || stride >= columns) return absl::OkStatus();
  return InvalidField(field, "STRIDE_TOO_SMALL",
                      absl::StrCat(stride, " is less than the ", columns,
                                   " elements of a row; use at least that, or 0 for packed rows"));
}

// What the operation does not have must not be described either.
absl::Status CheckAbsentParts(const v1::FusedDropoutProblem& problem) {
  const bool normalizes = problem.normalization() != v1::NORMALIZATION_UNSPECIFIED &&
                          problem.normalization() != v1::NORMALIZATION_NONE;
  const bool activates = problem.activation() != v1::ACTIVATION_UNSPECIFIED &&
                         problem.activation() != v1::ACTIVATION_NONE;
  const char* field = nullptr;
  if (activates && !HasActivation(problem)) field = "activation";
  if (problem.bias_type() != v1::DATA_TYPE_UNSPECIFIED && !HasBias(problem)) field = "bias_type";
  if (problem.residual_type() != v1::DATA_TYPE_UNSPECIFIED && !HasResidual(problem)) {
    field = "residual_type";
  }
  if (problem.residual_stride() != 0 && !HasResidual(problem)) field = "residual_stride";
  if (problem.store_statistics() && !normalizes) field = "store_statistics";
  if (field == nullptr) return absl::OkStatus();
  return InvalidField(absl::StrCat("fused_dropout.", field), "CONTRADICTORY_OPERATION",
                      "is given but the operation has no such part; unset it, or name an "
                      "operation or a normalization that has it");
}

}  // namespace

absl::Status CheckFusedDropout(v1::FusedDropoutProblem problem) {
  RETURN_IF_ERROR(CheckExtent("fused_dropout.rows", problem.rows()));
  RETURN_IF_ERROR(CheckExtent("fused_dropout.columns", problem.columns()));
  if (problem.operation() == v1::DROPOUT_OPERATION_UNSPECIFIED) {
    return InvalidField("fused_dropout.operation", "MISSING_FIELD", "name the operation");
  }
  RETURN_IF_ERROR(CheckAbsentParts(problem));
  RETURN_IF_ERROR(CheckType("fused_dropout.type", problem.type()));
  RETURN_IF_ERROR(CheckType("fused_dropout.bias_type", problem.bias_type()));
  RETURN_IF_ERROR(CheckType("fused_dropout.residual_type", problem.residual_type()));
  const int64_t columns = problem.columns();
  RETURN_IF_ERROR(CheckStride("fused_dropout.x_stride", columns, problem.x_stride()));
  RETURN_IF_ERROR(CheckStride("fused_dropout.residual_stride", columns, problem.residual_stride()));
  RETURN_IF_ERROR(CheckStride("fused_dropout.y_stride", columns, problem.y_stride()));
  RETURN_IF_ERROR(CanonicalizeNumerics("fused_dropout.numerics", *problem.mutable_numerics()));
  return CanonicalizeDropout("fused_dropout.dropout", *problem.mutable_dropout());
}

}  // namespace tilewright
