#include "proto/problem/fused_dropout_canonicalizer.h"

#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/problem/epilogue_canonicalizer.h"
#include "proto/problem/fused_dropout_layout.h"
#include "proto/problem/gemm_canonicalizer.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

constexpr __int128 kMaxExtentBytes = static_cast<__int128>(1) << 62;

bool MayActivate(const v1::FusedDropoutProblem& problem) {
  return problem.operation() == v1::DROPOUT_OPERATION_BIAS_ACTIVATION_DROPOUT;
}

absl::Status CheckExtent(const char* field, int64_t value) {
  constexpr int64_t kMaximum = std::numeric_limits<int32_t>::max();
  if (value >= 1 && value <= kMaximum) return absl::OkStatus();
  return InvalidField(field, "OUT_OF_RANGE", absl::StrCat(value, " is not in [1, ", kMaximum, "]"));
}

absl::Status CanonicalizeType(const char* field, v1::DataType standard, v1::DataType& type) {
  if (type == v1::DATA_TYPE_UNSPECIFIED) type = standard;
  if (IsStoredFloat(type)) return absl::OkStatus();
  return InvalidField(
      field, "UNSUPPORTED_TYPES",
      absl::StrCat(TypeName(type), " is not admitted here; use fp32, fp16 or bf16"));
}

absl::Status CanonicalizeTypes(v1::FusedDropoutProblem& problem) {
  v1::DataType type = problem.type();
  RETURN_IF_ERROR(CanonicalizeType("fused_dropout.type", v1::DATA_TYPE_BF16, type));
  problem.set_type(type);
  if (HasBias(problem)) {
    v1::DataType bias = problem.bias_type();
    RETURN_IF_ERROR(CanonicalizeType("fused_dropout.bias_type", type, bias));
    problem.set_bias_type(bias);
  }
  if (HasResidual(problem)) {
    v1::DataType residual = problem.residual_type();
    RETURN_IF_ERROR(CanonicalizeType("fused_dropout.residual_type", type, residual));
    problem.set_residual_type(residual);
  }
  if (Normalizes(problem)) {
    v1::DataType weight = problem.weight_type();
    RETURN_IF_ERROR(CanonicalizeType("fused_dropout.weight_type", type, weight));
    problem.set_weight_type(weight);
  }
  return absl::OkStatus();
}

// `stride` as it is in the canonical form: 0 where there is no such tensor.
absl::StatusOr<int64_t> CanonicalStride(const char* field, const v1::FusedDropoutProblem& problem,
                                        bool present, v1::DataType type, int64_t stride) {
  if (!present) return 0;
  if (stride < 0 || (stride > 0 && stride < problem.columns())) {
    return InvalidField(field, "STRIDE_TOO_SMALL",
                        absl::StrCat(stride, " is less than the ", problem.columns(),
                                     " elements of a row; use at least that, or 0 for packed "
                                     "rows"));
  }
  if (stride == 0) stride = problem.columns();
  if (static_cast<__int128>(problem.rows()) * stride * StorageBytes(type) >= kMaxExtentBytes) {
    return InvalidField(field, "OVERFLOW",
                        absl::StrCat(problem.rows(), " rows of stride ", stride,
                                     " come to 2^62 bytes or more; use a smaller stride"));
  }
  return stride;
}

absl::Status CanonicalizeStrides(v1::FusedDropoutProblem& problem) {
  // The backward form has gradients that lie as the tensors it does not read.
  const bool has_residual = HasResidual(problem) && (!problem.backward() || Normalizes(problem));
  ASSIGN_OR_RETURN(const int64_t x, CanonicalStride("fused_dropout.x_stride", problem, true,
                                                    problem.type(), problem.x_stride()));
  ASSIGN_OR_RETURN(const int64_t y, CanonicalStride("fused_dropout.y_stride", problem, true,
                                                    problem.type(), problem.y_stride()));
  ASSIGN_OR_RETURN(const int64_t residual,
                   CanonicalStride("fused_dropout.residual_stride", problem, has_residual,
                                   problem.residual_type(), problem.residual_stride()));
  ASSIGN_OR_RETURN(const int64_t pre_norm,
                   CanonicalStride("fused_dropout.pre_norm_stride", problem, HasPreNorm(problem),
                                   PreNormType(problem), problem.pre_norm_stride()));
  problem.set_x_stride(x);
  problem.set_y_stride(y);
  problem.set_residual_stride(residual);
  problem.set_pre_norm_stride(pre_norm);
  return absl::OkStatus();
}

// What the operation does not have must not be described either.
absl::Status CheckAbsentParts(const v1::FusedDropoutProblem& problem) {
  const bool normalizes = Normalizes(problem);
  const char* field = nullptr;
  if (problem.activation() > v1::ACTIVATION_NONE && !MayActivate(problem)) field = "activation";
  if (problem.bias_type() != v1::DATA_TYPE_UNSPECIFIED && !HasBias(problem)) field = "bias_type";
  if (problem.residual_type() != v1::DATA_TYPE_UNSPECIFIED && !HasResidual(problem)) {
    field = "residual_type";
  }
  if (problem.residual_stride() != 0 && !HasResidual(problem)) field = "residual_stride";
  if (problem.weight_type() != v1::DATA_TYPE_UNSPECIFIED && !normalizes) field = "weight_type";
  if (problem.pre_norm_stride() != 0 && !HasPreNorm(problem)) field = "pre_norm_stride";
  const bool may_store = normalizes && !problem.backward();
  if (problem.store_statistics() && !may_store) field = "store_statistics";
  if (problem.store_pre_norm() && !may_store) field = "store_pre_norm";
  if (problem.add_gradient() && !(normalizes && problem.backward())) field = "add_gradient";
  if (field == nullptr) return absl::OkStatus();
  return InvalidField(absl::StrCat("fused_dropout.", field), "CONTRADICTORY_OPERATION",
                      "is given but the operation has no such part; unset it, or name an "
                      "operation, a direction or a normalization that has it");
}

absl::Status CanonicalizeNumericsOf(v1::FusedDropoutProblem& problem) {
  v1::NumericsPolicy& numerics = *problem.mutable_numerics();
  RETURN_IF_ERROR(CanonicalizeNumerics("fused_dropout.numerics", numerics));
  if (numerics.error_budget() > 0) {
    return Unimplemented("fused_dropout.numerics.error_budget",
                         "there is one precision, fp32; leave it out");
  }
  if (numerics.promote_accumulation()) {
    return InvalidField("fused_dropout.numerics.promote_accumulation", "NOTHING_TO_PROMOTE",
                        "is for fp8 products");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CanonicalizeFusedDropout(v1::FusedDropoutProblem& problem) {
  RETURN_IF_ERROR(CheckExtent("fused_dropout.rows", problem.rows()));
  RETURN_IF_ERROR(CheckExtent("fused_dropout.columns", problem.columns()));
  if (problem.operation() == v1::DROPOUT_OPERATION_UNSPECIFIED) {
    return InvalidField("fused_dropout.operation", "MISSING_FIELD", "name the operation");
  }
  RETURN_IF_ERROR(CheckAbsentParts(problem));
  if (problem.activation() == v1::ACTIVATION_UNSPECIFIED) {
    problem.set_activation(v1::ACTIVATION_NONE);
  }
  if (problem.normalization() == v1::NORMALIZATION_UNSPECIFIED) {
    problem.set_normalization(v1::NORMALIZATION_NONE);
  }
  RETURN_IF_ERROR(CanonicalizeTypes(problem));
  RETURN_IF_ERROR(CanonicalizeStrides(problem));
  RETURN_IF_ERROR(CanonicalizeNumericsOf(problem));
  if (!problem.has_dropout()) return absl::OkStatus();
  RETURN_IF_ERROR(CanonicalizeDropout("fused_dropout.dropout", *problem.mutable_dropout()));
  if (problem.dropout().probability() == 0) problem.clear_dropout();
  return absl::OkStatus();
}

}  // namespace tilewright
