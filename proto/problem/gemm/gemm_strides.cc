#include "proto/problem/gemm/gemm_strides.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/problem/shared_parts.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

absl::Status CheckBatchStride(const StridedOperand& operand, int64_t stride, int64_t batch) {
  if (stride == kSharedByBatches && operand.may_share) return absl::OkStatus();
  if (stride == kSharedByBatches) {
    return InvalidField(
        operand.batch_field, "NOT_SHARED",
        "-1 shares one matrix among all batches, but only A, B and C may be shared; "
        "give the elements between batches, or 0 for packed batches");
  }
  if (stride < 0) {
    return InvalidField(
        operand.batch_field, "OUT_OF_RANGE",
        absl::StrCat(stride, " is negative; give the elements between batches, ",
                     operand.may_share
                         ? "0 for packed batches, or -1 for one that all batches share"
                         : "or 0 for packed batches"));
  }
  if (batch <= 1 && stride != 0) {
    return InvalidField(
        operand.batch_field, "CONTRADICTORY_STRIDE",
        absl::StrCat(
            stride,
            " is given but there is one batch; leave it out, or give the number of batches"));
  }
  return absl::OkStatus();
}

absl::Status CheckGiven(const StridedOperand& operand, int64_t row_stride, int64_t batch_stride,
                        int64_t batch) {
  if (row_stride < 0) {
    return InvalidField(operand.row_field, "OUT_OF_RANGE",
                        absl::StrCat(row_stride,
                                     " is negative; give the elements between rows, "
                                     "or 0 for packed rows"));
  }
  return CheckBatchStride(operand, batch_stride, batch);
}

absl::Status CheckRow(const StridedOperand& operand, const MatrixLayout& matrix) {
  if (matrix.row_stride >= matrix.columns) return absl::OkStatus();
  return InvalidField(operand.row_field, "STRIDE_TOO_SMALL",
                      absl::StrCat(matrix.row_stride, " is less than the ", matrix.columns,
                                   " elements of a stored row; use at least that, or 0 for "
                                   "packed rows"));
}

// Counts the elements of one batch from the first one to the end of the last row.
__int128 BatchExtent(const MatrixLayout& matrix) {
  return static_cast<__int128>(matrix.rows - 1) * matrix.row_stride + matrix.columns;
}

// Checks the extent of all batches. The extent of one batch has been checked.
absl::Status CheckExtent(const StridedOperand& operand, const MatrixLayout& matrix) {
  const __int128 batches = static_cast<__int128>(matrix.batch - 1) * matrix.batch_stride;
  if ((batches + BatchExtent(matrix)) * StorageBytes(matrix.type) >= kMaxExtentBytes) {
    return InvalidField(operand.batch_field, "OVERFLOW",
                        absl::StrCat(matrix.batch, " batches of stride ", matrix.batch_stride,
                                     " take 2^62 bytes or more; use a smaller stride"));
  }
  return absl::OkStatus();
}

// Batches of an output may follow each other, or interleave within its rows as the heads of
// attention do. In any other layout two blocks would write to one address.
absl::Status CheckDisjoint(const StridedOperand& operand, const MatrixLayout& matrix) {
  if (matrix.batch == 1) return absl::OkStatus();
  const bool follow = matrix.batch_stride >= BatchExtent(matrix);
  const bool interleaved =
      matrix.batch_stride >= matrix.columns &&
      static_cast<__int128>(matrix.batch - 1) * matrix.batch_stride + matrix.columns <=
          matrix.row_stride;
  if (follow || interleaved) return absl::OkStatus();
  return InvalidField(
      operand.batch_field, "STRIDE_TOO_SMALL",
      absl::StrCat(matrix.batch_stride, " lets batches of an output overlap; use at least ",
                   static_cast<int64_t>(BatchExtent(matrix)), ", or 0 for packed batches"));
}

absl::Status CanonicalizeMatrix(const StridedOperand& operand, v1::GemmProblem& gemm) {
  const int64_t row_stride = (gemm.*operand.row_stride)();
  const int64_t batch_stride = (gemm.*operand.batch_stride)();
  RETURN_IF_ERROR(CheckGiven(operand, row_stride, batch_stride, gemm.batch()));
  MatrixLayout matrix = PackedLayoutOf(gemm, operand.operand);
  // With one batch nothing is shared: the operand is packed and has the same key.
  const bool is_shared = batch_stride == kSharedByBatches && matrix.batch > 1;
  if (is_shared) matrix.batch = 1;
  if (matrix.used()) {
    if (row_stride != 0) matrix.row_stride = row_stride;
    RETURN_IF_ERROR(CheckRow(operand, matrix));
    RETURN_IF_ERROR(
        CheckRowsExtent(operand.row_field, matrix.rows, matrix.row_stride, matrix.type));
    if (matrix.batch > 1) {
      matrix.batch_stride = batch_stride == 0 ? matrix.rows * matrix.row_stride : batch_stride;
    }
    RETURN_IF_ERROR(CheckExtent(operand, matrix));
    if (IsWritten(operand.operand, gemm.epilogue())) {
      RETURN_IF_ERROR(CheckDisjoint(operand, matrix));
    }
  }
  (gemm.*operand.set_row_stride)(matrix.row_stride);
  (gemm.*operand.set_batch_stride)(is_shared ? kSharedByBatches : matrix.batch_stride);
  return absl::OkStatus();
}

}  // namespace

absl::Status CanonicalizeStrides(v1::GemmProblem& gemm) {
  for (const StridedOperand& operand : StridedOperands()) {
    RETURN_IF_ERROR(CanonicalizeMatrix(operand, gemm));
  }
  return absl::OkStatus();
}

}  // namespace tilewright
