#include "proto/problem/batch_stride.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {

absl::Status CheckBatchStride(const std::string& field, int64_t stride, int64_t batch,
                              bool may_share) {
  if (stride == kSharedByBatches && may_share) return absl::OkStatus();
  if (stride == kSharedByBatches) {
    return InvalidField(field, "NOT_SHARED",
                        "-1 shares one matrix among all batches, which only A, B and C may be; "
                        "give the elements between batches, or 0 for packed batches");
  }
  if (stride < 0) {
    return InvalidField(
        field, "OUT_OF_RANGE",
        absl::StrCat(stride, " is negative; give the elements between batches, ",
                     may_share ? "0 for packed batches, or -1 for one that all batches share"
                               : "or 0 for packed batches"));
  }
  if (batch <= 1 && stride != 0) {
    return InvalidField(field, "CONTRADICTORY_STRIDE",
                        absl::StrCat(stride, " is given but batch is 1; leave it 0 or set batch"));
  }
  return absl::OkStatus();
}

absl::Status CheckBatchStrides(const v1::GemmProblem& problem) {
  const int64_t batch = std::max<int64_t>(problem.batch(), 1);
  RETURN_IF_ERROR(CheckBatchStride("gemm.a_batch_stride", problem.a_batch_stride(), batch, true));
  RETURN_IF_ERROR(CheckBatchStride("gemm.b_batch_stride", problem.b_batch_stride(), batch, true));
  RETURN_IF_ERROR(CheckBatchStride("gemm.c_batch_stride", problem.c_batch_stride(), batch, true));
  RETURN_IF_ERROR(CheckBatchStride("gemm.d_batch_stride", problem.d_batch_stride(), batch, false));
  return CheckBatchStride("gemm.aux_batch_stride", problem.aux_batch_stride(), batch, false);
}

}  // namespace tilewright
