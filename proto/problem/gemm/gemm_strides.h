// What the strides of a GEMM may be. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_STRIDES_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_STRIDES_H_

#include <cstdint>

#include "absl/status/status.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// In the place of a batch stride: all batches share one A, B or C. The public names are
// kBatchBroadcast and TILEWRIGHT_BATCH_BROADCAST.
inline constexpr int64_t kSharedByBatches = -1;

// Makes the strides of a GEMM whose other fields are canonical explicit, clears those of
// absent operands, keeps an A, B or C that all batches share as kSharedByBatches, and refuses
// strides that are negative or too small, that let two elements of an output share an address, or
// whose extent in bytes overflows.
absl::Status CanonicalizeStrides(v1::GemmProblem& gemm);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_STRIDES_H_
