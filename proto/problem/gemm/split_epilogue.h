// An epilogue in a launch of its own: the GEMM stores its sums with bias, scaled and with what is
// accumulated, rounded; a second kernel reads them back, computes the rest and stores D. Parameter
// split_epilogue of a variant. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_SPLIT_EPILOGUE_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_SPLIT_EPILOGUE_H_

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Whether the epilogue of the canonical `gemm` may be split: it has dropout or is a gradient (any
// other takes less time than a way to memory and back), and the type of what passes between the
// launches has the range of the sums: BF16 or FP32. FP32 alone where D is rounded stochastically:
// rounded to BF16 before, it would be biased.
bool SplitsEpilogue(const v1::GemmProblem& gemm);

// What passes between the launches: of aux, which is stored anyway, or else of D.
v1::DataType SplitType(const v1::GemmProblem& gemm);

// The problem of the first launch: its D is what passes.
v1::GemmProblem GemmOfSplit(const v1::GemmProblem& gemm);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_SPLIT_EPILOGUE_H_
