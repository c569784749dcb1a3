// Puts the epilogue into a launch of its own. The GEMM stores its sums: scaled, with bias and the
// accumulated source, and rounded. A second kernel reads them, computes the rest and stores D.
// Parameter split_epilogue of a variant. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_SPLIT_EPILOGUE_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_SPLIT_EPILOGUE_H_

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Returns whether the epilogue of the canonical `gemm` may be split. It must have dropout or be a
// gradient: any other takes less time than a way to memory and back. The intermediate type must
// have the range of the sums: BF16 or FP32. It must be FP32 if D is rounded stochastically, because
// rounding to BF16 first would make D biased.
bool SplitsEpilogue(const v1::GemmProblem& gemm);

// Returns the type of the intermediate: that of aux, which is stored anyway, else that of D.
v1::DataType SplitType(const v1::GemmProblem& gemm);

// Returns the problem of the first launch. Its D is the intermediate.
v1::GemmProblem GemmOfSplit(const v1::GemmProblem& gemm);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_SPLIT_EPILOGUE_H_
