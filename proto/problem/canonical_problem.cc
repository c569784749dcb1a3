#include "proto/problem/canonical_problem.h"

#include "proto/problem/fused_dropout_canonicalizer.h"
#include "proto/problem/gemm_canonicalizer.h"
#include "proto/problem/served_problems.h"
#include "proto/support/errors.h"
#include "proto/support/known_values.h"
#include "proto/support/status_macros.h"

namespace tilewright {
absl::StatusOr<v1::Problem> Canonicalize(const v1::Problem& problem) {
  // What this version would drop would be another problem.
  RETURN_IF_ERROR(CheckKnownValues(problem, {.name = "problem", .unknown_field = Unimplemented}));
  if (problem.has_fused_dropout()) {
    v1::Problem canonical = problem;
    RETURN_IF_ERROR(CanonicalizeFusedDropout(*canonical.mutable_fused_dropout()));
    return canonical;
  }
  if (!problem.has_gemm()) {
    return InvalidField("problem", "MISSING_FIELD",
                        "says not what to compute; set gemm or fused_dropout");
  }
  v1::Problem canonical = problem;
  RETURN_IF_ERROR(CanonicalizeGemm(*canonical.mutable_gemm()));
  RETURN_IF_ERROR(CheckServed(canonical.gemm()));
  return canonical;
}

}  // namespace tilewright
