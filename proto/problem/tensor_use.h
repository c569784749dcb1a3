// The tensors of a problem. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_TENSOR_USE_H_
#define TILEWRIGHT_PROTO_PROBLEM_TENSOR_USE_H_

#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// A batch of row-major matrices as stored.
struct MatrixLayout {
  v1::DataType type = v1::DATA_TYPE_UNSPECIFIED;  // UNSPECIFIED: the problem has none.
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t row_stride = 0;    // Elements.
  int64_t batch_stride = 0;  // Elements; 0 where batch is 1.
  int64_t batch = 1;         // Matrices that are stored: 1 where all batches share one.

  bool used() const { return type != v1::DATA_TYPE_UNSPECIFIED; }
  // Elements that are stored, without padding.
  double Elements() const;
  // From the first byte of the first element to the last byte of the last one.
  int64_t SpanBytes() const;
};

// One row of `elements`. No elements: no tensor.
MatrixLayout VectorLayout(v1::DataType type, int64_t elements);

// One tensor that a launch reads or writes.
struct TensorUse {
  // The family's number for it: GemmTensor, FusedTensor.
  int tensor = 0;
  // As operands are named in errors: "aux" of "operands.aux".
  const char* name = "";
  // An output. Inputs are never written.
  bool written = false;
  MatrixLayout layout;
  // What launch plans and Requirements call it. UNSPECIFIED: they do not name it.
  v1::Operand operand = v1::OPERAND_UNSPECIFIED;
  // The fields of its strides: "gemm.lda", "gemm.a_batch_stride". Null: it is packed.
  const char* row_field = nullptr;
  const char* batch_field = nullptr;
  // Bytes, where kernels need more than the alignment of one element whatever Requirements say.
  int least_alignment = 1;
  // Whether the launch sets it to zero before the first step, which adds to it.
  bool zeroed = false;
  // Whether it counts among the bytes that the problem moves at least.
  bool counted = true;

  // Whether it has strides of its own.
  bool IsMatrix() const { return row_field != nullptr; }
};

using TensorUses = absl::InlinedVector<TensorUse, 16>;

// Each counted tensor read or written once, bytes.
double MinimumBytes(const TensorUses& uses);

// The alignment in bytes that a launch with `requirements` needs of `use`: at least that of one
// element.
int AlignmentOf(const TensorUse& use, const v1::Requirements& requirements);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_TENSOR_USE_H_
