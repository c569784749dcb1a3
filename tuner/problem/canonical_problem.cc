#include "tuner/problem/canonical_problem.h"

#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/problem/data_type.h"
#include "tuner/problem/epilogue_canonicalizer.h"
#include "tuner/problem/gemm_canonicalizer.h"
#include "tuner/problem/served_problems.h"
#include "tuner/problem/wire_checks.h"

namespace tilewright {
namespace {

absl::Status CheckExtent(const char* field, int64_t value) {
  constexpr int64_t kMaximum = std::numeric_limits<int32_t>::max();
  if (value >= 1 && value <= kMaximum) return absl::OkStatus();
  return InvalidField(field, "OUT_OF_RANGE", absl::StrCat(value, " is not in [1, ", kMaximum, "]"));
}

absl::Status CheckFusedDropout(v1::FusedDropoutProblem problem) {
  RETURN_IF_ERROR(CheckExtent("fused_dropout.rows", problem.rows()));
  RETURN_IF_ERROR(CheckExtent("fused_dropout.columns", problem.columns()));
  if (problem.operation() == v1::DROPOUT_OPERATION_UNSPECIFIED) {
    return InvalidField("fused_dropout.operation", "MISSING_FIELD", "name the operation");
  }
  if (problem.type() != v1::DATA_TYPE_UNSPECIFIED && !IsStoredFloat(problem.type())) {
    return InvalidField(
        "fused_dropout.type", "UNSUPPORTED_TYPES",
        absl::StrCat(TypeName(problem.type()), " is not admitted here; use fp32, fp16 or bf16"));
  }
  return CanonicalizeDropout("fused_dropout.dropout", *problem.mutable_dropout());
}

}  // namespace

absl::StatusOr<v1::Problem> Canonicalize(const v1::Problem& problem) {
  RETURN_IF_ERROR(CheckWireValues(problem, ""));
  if (problem.has_fused_dropout()) {
    RETURN_IF_ERROR(CheckFusedDropout(problem.fused_dropout()));
    return Unimplemented("fused_dropout", "no template of this version serves it");
  }
  if (!problem.has_gemm()) {
    return InvalidField("problem", "MISSING_FIELD", "says not what to compute; set gemm");
  }
  v1::Problem canonical = problem;
  RETURN_IF_ERROR(CanonicalizeGemm(*canonical.mutable_gemm()));
  RETURN_IF_ERROR(CheckServed(canonical.gemm()));
  return canonical;
}

}  // namespace tilewright
