#include "tuner/search/verdicts.h"

#include <cstdint>
#include <map>
#include <string>

#include "proto/problem/canonical_problem.h"

namespace tilewright {

bool IsVerdict(const v1::Failure& failure) {
  return failure.kind() != v1::FAILURE_KIND_DEFERRED &&
         failure.kind() != v1::FAILURE_KIND_OVER_ERROR_BUDGET;
}

std::optional<v1::Problem> SecondShape(const v1::Problem& problem) {
  // A few tiles of any size, and quick to check.
  constexpr int64_t kExtent = 512;
  v1::Problem second = problem;
  if (problem.has_gemm()) {
    v1::GemmProblem& gemm = *second.mutable_gemm();
    gemm.set_m(kExtent);
    gemm.set_n(kExtent);
    gemm.set_k(kExtent);
    gemm.set_batch(1);
    for (const auto clear :
         {&v1::GemmProblem::clear_lda, &v1::GemmProblem::clear_ldb, &v1::GemmProblem::clear_ldc,
          &v1::GemmProblem::clear_ldd, &v1::GemmProblem::clear_ld_aux,
          &v1::GemmProblem::clear_a_batch_stride, &v1::GemmProblem::clear_b_batch_stride,
          &v1::GemmProblem::clear_c_batch_stride, &v1::GemmProblem::clear_d_batch_stride,
          &v1::GemmProblem::clear_aux_batch_stride}) {
      (gemm.*clear)();
    }
  } else {
    v1::FusedDropoutProblem& dropout = *second.mutable_fused_dropout();
    dropout.set_rows(kExtent);
    dropout.set_columns(kExtent);
    for (const auto clear :
         {&v1::FusedDropoutProblem::clear_x_stride, &v1::FusedDropoutProblem::clear_residual_stride,
          &v1::FusedDropoutProblem::clear_y_stride,
          &v1::FusedDropoutProblem::clear_pre_norm_stride}) {
      (dropout.*clear)();
    }
  }
  const auto canonical = Canonicalize(second);
  if (!canonical.ok() || EncodeProblem(*canonical) == EncodeProblem(problem)) return std::nullopt;
  return *canonical;
}

void FailSharers(std::vector<v1::Candidate>& candidates) {
  std::map<std::string, v1::Failure> verdicts;
  for (const v1::Candidate& candidate : candidates) {
    if (candidate.has_failure() && IsVerdict(candidate.failure())) {
      verdicts.emplace(candidate.content_hash(), candidate.failure());
    }
  }
  for (v1::Candidate& candidate : candidates) {
    if (!candidate.has_measurement()) continue;
    const auto verdict = verdicts.find(candidate.content_hash());
    if (verdict != verdicts.end()) *candidate.mutable_failure() = verdict->second;
  }
}

}  // namespace tilewright
