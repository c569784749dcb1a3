#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_TEXT_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_TEXT_H_

#include <string>

#include "tilewright/v1/problem.pb.h"

// Of problems as they were typed: defaults need not be filled in.
namespace tilewright::cli {

// "gemm nt bf16 m=8192 n=6144 k=4096 bias gelu_tanh", for people. What is the default is left out.
// Of a problem that is refused here: "gemm m=0 n=6144 k=4096".
std::string DescribeProblem(const v1::Problem& problem);

// 2 m n k batch; 0 for what is not a GEMM or is refused here.
double FloatingPointOperations(const v1::Problem& problem);

// Bytes of each tensor, read or written once, of what is judged by them: 0 for a GEMM.
double NeededBytes(const v1::Problem& problem);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_TEXT_H_
