// What a batch stride may be. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_STRIDES_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_STRIDES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// In the place of a batch stride: all batches share one A, B or C. The public names are
// kBatchBroadcast and TILEWRIGHT_BATCH_BROADCAST.
inline constexpr int64_t kSharedByBatches = -1;

// INVALID_ARGUMENT for a stride that is negative, for one where there is no second batch, and for
// an output that all batches would share. `field`: "gemm.a_batch_stride". `may_share`: A, B and C.
absl::Status CheckBatchStride(const std::string& field, int64_t stride, int64_t batch,
                              bool may_share);

// Makes the strides of a GEMM whose other fields are canonical explicit, clears those of
// absent operands, keeps an A, B or C that all batches share as kSharedByBatches, and refuses
// strides that are negative or too small, that let two elements of an output share an address, or
// whose extent in bytes overflows.
absl::Status CanonicalizeStrides(v1::GemmProblem& gemm);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_STRIDES_H_
