// The matrices of a GEMM as they lie in memory. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_STORED_MATRIX_H_
#define TILEWRIGHT_PROTO_PROBLEM_STORED_MATRIX_H_

#include <array>
#include <cstdint>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

struct StoredMatrix {
  v1::Operand operand = v1::OPERAND_UNSPECIFIED;
  bool present = false;  // C and aux are there only where the epilogue has them.
  bool written = false;
  int64_t rows = 0;  // As stored: a transposed A has k rows of m elements.
  int64_t columns = 0;
  v1::DataType type = v1::DATA_TYPE_UNSPECIFIED;
  int64_t stride = 0;        // Elements between rows, as the problem says.
  int64_t batch_stride = 0;  // kSharedByBatches: all batches have the one matrix.
};

// Matrices that are stored, of `batch` batches.
int64_t StoredBatches(const StoredMatrix& matrix, int64_t batch);

// A, B, C, D and aux of `gemm`, whose types and layouts are canonical; its strides need not be.
std::array<StoredMatrix, 5> StoredMatrices(const v1::GemmProblem& gemm);

void SetStrides(v1::Operand operand, int64_t stride, int64_t batch_stride, v1::GemmProblem& gemm);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_STORED_MATRIX_H_
