#ifndef TILEWRIGHT_CLIENT_CPP_WHOLE_PROBLEM_H_
#define TILEWRIGHT_CLIENT_CPP_WHOLE_PROBLEM_H_

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The problem of any kind that a problem of one kind is.
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

}  // namespace tilewright

#endif  // TILEWRIGHT_CLIENT_CPP_WHOLE_PROBLEM_H_
