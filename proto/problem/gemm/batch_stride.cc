#include "proto/problem/gemm/batch_stride.h"

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"

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

}  // namespace tilewright
