// Where the operands of a canonical GEMM problem lie. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_OPERAND_LAYOUT_H_
#define TILEWRIGHT_PROTO_PROBLEM_OPERAND_LAYOUT_H_

#include <cstdint>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Bytes of one element; 0 for no type.
int DataTypeBytes(v1::DataType type);

// A batch of row-major matrices as stored.
struct MatrixLayout {
  v1::DataType type = v1::DATA_TYPE_UNSPECIFIED;  // UNSPECIFIED: the problem has none.
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t row_stride = 0;    // Elements.
  int64_t batch_stride = 0;  // Elements; 0 where batch is 1.
  int64_t batch = 1;         // Matrices that are stored: 1 where all batches share one.

  bool used() const { return type != v1::DATA_TYPE_UNSPECIFIED; }
  // From the first byte of the first element to the last byte of the last one.
  int64_t SpanBytes() const;
};

// The layout of A, B, C (source), D or the auxiliary output. A stride of 0 means packed, a batch
// stride of kSharedByBatches one matrix.
MatrixLayout LayoutOf(const v1::GemmProblem& problem, v1::Operand operand);

// [1, n] of fp32 where the gradient of the bias is asked for.
MatrixLayout BiasGradientLayout(const v1::GemmProblem& problem);

// Elements of the bias vector; 0 without a bias.
int64_t BiasElements(const v1::GemmProblem& problem);

// Bytes of the stored dropout mask; 0 where none is stored.
int64_t MaskBytes(const v1::GemmProblem& problem);

// Whether launches need a seed and an offset.
bool UsesRandomBits(const v1::GemmProblem& problem);

bool HasDropout(const v1::GemmProblem& problem);
bool HasSource(const v1::GemmProblem& problem);
bool HasAux(const v1::GemmProblem& problem);
// An auxiliary tensor is an output, but of a gradient, which reads it.
bool WritesAux(const v1::GemmProblem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_OPERAND_LAYOUT_H_
