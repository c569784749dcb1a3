#ifndef TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_SUMMARY_H_
#define TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_SUMMARY_H_

#include <string>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// "dropout bf16 rows=16384 columns=4096 p=0.1 bias residual layer_norm backward".
std::string DescribeFusedDropout(const v1::FusedDropoutProblem& canonical);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_SUMMARY_H_
