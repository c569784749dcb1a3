#include "proto/problem/gemm_strides.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/problem/batch_stride.h"
#include "proto/problem/data_type.h"
#include "proto/problem/stored_matrix.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// Far past any memory, and low enough that kernels may add extents in 64 bits.
constexpr __int128 kMaxExtentBytes = static_cast<__int128>(1) << 62;

struct StrideFields {
  std::string row;
  std::string batch;
};

StrideFields FieldsOf(v1::Operand operand) {
  switch (operand) {
    case v1::OPERAND_A:
      return {"gemm.lda", "gemm.a_batch_stride"};
    case v1::OPERAND_B:
      return {"gemm.ldb", "gemm.b_batch_stride"};
    case v1::OPERAND_C:
      return {"gemm.ldc", "gemm.c_batch_stride"};
    case v1::OPERAND_D:
      return {"gemm.ldd", "gemm.d_batch_stride"};
    default:
      return {"gemm.ld_aux", "gemm.aux_batch_stride"};
  }
}

// Inputs alone: aux is one of a gradient, but every batch has its own.
bool MayShare(v1::Operand operand) {
  return operand == v1::OPERAND_A || operand == v1::OPERAND_B || operand == v1::OPERAND_C;
}

absl::Status CheckGiven(const StoredMatrix& matrix, const StrideFields& fields, int64_t batch) {
  if (matrix.stride < 0) {
    return InvalidField(fields.row, "OUT_OF_RANGE",
                        absl::StrCat(matrix.stride,
                                     " is negative; give the elements between rows, "
                                     "or 0 for packed rows"));
  }
  return CheckBatchStride(fields.batch, matrix.batch_stride, batch, MayShare(matrix.operand));
}

absl::Status CheckRow(const StoredMatrix& matrix, const StrideFields& fields) {
  if (matrix.stride >= matrix.columns) return absl::OkStatus();
  return InvalidField(fields.row, "STRIDE_TOO_SMALL",
                      absl::StrCat(matrix.stride, " is less than the ", matrix.columns,
                                   " elements of a stored row; use at least that, or 0 for "
                                   "packed rows"));
}

// Elements from the first of the first row to one past the last of the last, one batch.
__int128 BatchExtent(const StoredMatrix& matrix) {
  return static_cast<__int128>(matrix.rows - 1) * matrix.stride + matrix.columns;
}

// `batch`: matrices that are stored.
absl::Status CheckExtent(const StoredMatrix& matrix, const StrideFields& fields, int64_t batch) {
  const int bytes = StorageBytes(matrix.type);
  if (static_cast<__int128>(matrix.rows) * matrix.stride * bytes >= kMaxExtentBytes) {
    return InvalidField(fields.row, "OVERFLOW",
                        absl::StrCat(matrix.rows, " rows of stride ", matrix.stride,
                                     " come to 2^62 bytes or more; use a smaller stride"));
  }
  const __int128 batches = static_cast<__int128>(batch - 1) * matrix.batch_stride;
  if ((batches + BatchExtent(matrix)) * bytes >= kMaxExtentBytes) {
    return InvalidField(fields.batch, "OVERFLOW",
                        absl::StrCat(batch, " batches of stride ", matrix.batch_stride,
                                     " come to 2^62 bytes or more; use a smaller stride"));
  }
  return absl::OkStatus();
}

// Batches of an output may follow each other, or be interleaved within its rows as heads
// of attention are. Anything else would have two blocks write one address.
absl::Status CheckDisjoint(const StoredMatrix& matrix, const StrideFields& fields, int64_t batch) {
  if (!matrix.written || batch == 1) return absl::OkStatus();
  const bool follow = matrix.batch_stride >= BatchExtent(matrix);
  const bool interleaved =
      matrix.batch_stride >= matrix.columns &&
      static_cast<__int128>(batch - 1) * matrix.batch_stride + matrix.columns <= matrix.stride;
  if (follow || interleaved) return absl::OkStatus();
  return InvalidField(
      fields.batch, "STRIDE_TOO_SMALL",
      absl::StrCat(matrix.batch_stride, " lets batches of an output overlap; use at least ",
                   static_cast<int64_t>(BatchExtent(matrix)), ", or 0 for packed batches"));
}

absl::Status CanonicalizeMatrix(StoredMatrix matrix, v1::GemmProblem& gemm) {
  const StrideFields fields = FieldsOf(matrix.operand);
  const int64_t batch = gemm.batch();
  RETURN_IF_ERROR(CheckGiven(matrix, fields, batch));
  if (!matrix.present) {
    SetStrides(matrix.operand, 0, 0, gemm);
    return absl::OkStatus();
  }
  if (matrix.stride == 0) matrix.stride = matrix.columns;
  RETURN_IF_ERROR(CheckRow(matrix, fields));
  // With one batch there is nobody to share with: it is packed, and has the same key.
  const bool is_shared = matrix.batch_stride == kSharedByBatches;
  if (is_shared && batch == 1) matrix.batch_stride = 0;
  const bool packed_batches = batch > 1 && matrix.batch_stride == 0;
  RETURN_IF_ERROR(CheckExtent(matrix, fields, packed_batches || is_shared ? 1 : batch));
  if (packed_batches) {
    matrix.batch_stride = matrix.rows * matrix.stride;
    RETURN_IF_ERROR(CheckExtent(matrix, fields, batch));
  }
  RETURN_IF_ERROR(CheckDisjoint(matrix, fields, batch));
  SetStrides(matrix.operand, matrix.stride, matrix.batch_stride, gemm);
  return absl::OkStatus();
}

}  // namespace

absl::Status CanonicalizeStrides(v1::GemmProblem& gemm) {
  for (const StoredMatrix& matrix : StoredMatrices(gemm)) {
    RETURN_IF_ERROR(CanonicalizeMatrix(matrix, gemm));
  }
  return absl::OkStatus();
}

}  // namespace tilewright
