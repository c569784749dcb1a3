#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_TEXT_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_TEXT_H_

#include <string>

#include "tilewright/v1/problem.pb.h"

// Functions for problems as they were typed: defaults need not be filled in.
namespace tilewright::cli {

// Describes a problem for people: "gemm nt bf16 m=8192 n=6144 k=4096 bias gelu_tanh". Leaves out
// defaults. A problem that is refused here has only its shape: "gemm m=0 n=6144 k=4096".
std::string DescribeProblem(const v1::Problem& problem);

// Returns 2 m n k batch, or 0 if the problem is no GEMM or is refused here.
double FloatingPointOperations(const v1::Problem& problem);

// Returns the bytes of all tensors, each read or written once. 0 for a GEMM: bytes do not judge it.
double NeededBytes(const v1::Problem& problem);

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_TEXT_H_
