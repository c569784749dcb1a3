#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_STRIDES_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_STRIDES_H_

#include "absl/status/status.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Makes the strides of a GEMM whose other fields are canonical explicit, clears those of
// absent operands, keeps an A, B or C that all batches share as kSharedByBatches, and refuses
// strides that are negative or too small, that let two elements of an output share an address, or
// whose extent in bytes overflows.
absl::Status CanonicalizeStrides(v1::GemmProblem& gemm);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_STRIDES_H_
