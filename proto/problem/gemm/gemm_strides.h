// Rules for the strides of a GEMM. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_STRIDES_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_STRIDES_H_

#include <cstdint>

#include "absl/status/status.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// This value in place of a batch stride says that all batches share one A, B or C. The public names
// are kBatchBroadcast and TILEWRIGHT_BATCH_BROADCAST.
inline constexpr int64_t kSharedByBatches = -1;

// Makes the strides explicit and clears those of absent operands. Keeps kSharedByBatches for an A,
// B or C that all batches share. Refuses strides that are negative or too small, that let two
// elements of an output share an address, or whose extent in bytes overflows. REQUIRES: the other
// fields are canonical.
absl::Status CanonicalizeStrides(v1::GemmProblem& gemm);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_STRIDES_H_
