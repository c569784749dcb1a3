// The list of all kinds of problems. To add one, add a line and a case here. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_VISIT_PROBLEM_H_
#define TILEWRIGHT_PROTO_PROBLEM_VISIT_PROBLEM_H_

#include "proto/problem/family.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Returns the family of a kind. The folder of the kind defines it. Static lifetime.
const Family& FamilyOfKind(const v1::GemmProblem&);
const Family& FamilyOfKind(const v1::FusedDropoutProblem&);

// Wraps a problem of one kind as a Problem.
inline v1::Problem Whole(const v1::GemmProblem& gemm) {
  v1::Problem problem;
  *problem.mutable_gemm() = gemm;
  return problem;
}

inline v1::Problem Whole(const v1::FusedDropoutProblem& fused_dropout) {
  v1::Problem problem;
  *problem.mutable_fused_dropout() = fused_dropout;
  return problem;
}
inline const v1::Problem& Whole(const v1::Problem& problem) { return problem; }

// Takes the place of a problem whose kind is not set.
struct NoProblem {};

// Makes one function from several lambdas, each for its kinds.
template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
// Clang 14 derives no deduction guide for aggregates.
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

// Calls `visit` with the part of `problem` that is set. Only this switch tells kinds apart: a visit
// that does not handle one of them does not compile.
template <typename Visit>
decltype(auto) VisitProblem(const v1::Problem& problem, const Visit& visit) {
  switch (problem.kind_case()) {
    case v1::Problem::kGemm:
      return visit(problem.gemm());
    case v1::Problem::kFusedDropout:
      return visit(problem.fused_dropout());
    case v1::Problem::KIND_NOT_SET:
      break;
  }
  return visit(NoProblem());
}

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_VISIT_PROBLEM_H_
