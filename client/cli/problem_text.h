#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEM_TEXT_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEM_TEXT_H_

#include <string>

#include "tilewright/v1/problem.pb.h"

namespace tilewright::cli {

// "gemm nt bf16 m=8192 n=6144 k=4096 bias=per_column activation=gelu_tanh", for people. What is
// the default is left out.
std::string DescribeGemm(const v1::GemmProblem& problem);
std::string DescribeProblem(const v1::Problem& problem);

// 2 m n k batch, and 0 for what is not a GEMM.
double FloatingPointOperations(const v1::Problem& problem);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEM_TEXT_H_
