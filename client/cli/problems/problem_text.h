#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_TEXT_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_TEXT_H_

#include <string>

#include "tilewright/v1/problem.pb.h"

namespace tilewright::cli {

// "gemm nt bf16 m=8192 n=6144 k=4096 bias=per_column activation=gelu_tanh", for people. What is
// the default is left out.
std::string DescribeGemm(const v1::GemmProblem& problem);
std::string DescribeFusedDropout(const v1::FusedDropoutProblem& problem);
std::string DescribeProblem(const v1::Problem& problem);

// 2 m n k batch, and 0 for what is not a GEMM.
double FloatingPointOperations(const v1::Problem& problem);

// Bytes of each tensor of a fused dropout, read or written once; 0 for what is not one, as a GEMM
// is judged by its operations. The problem has its defaults filled in.
double NeededBytes(const v1::Problem& problem);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_TEXT_H_
