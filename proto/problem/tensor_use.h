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
  v1::DataType type = v1::DATA_TYPE_UNSPECIFIED;  // UNSPECIFIED: the problem has no such tensor.
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t row_stride = 0;    // In elements.
  int64_t batch_stride = 0;  // In elements; 0 if batch is 1.
  int64_t batch = 1;         // Stored matrices: 1 if all batches share one.

  bool used() const { return type != v1::DATA_TYPE_UNSPECIFIED; }
  // Counts the stored elements, without padding.
  double Elements() const;
  // Counts the bytes from the first element to the end of the last one.
  int64_t SpanBytes() const;
};

// Returns the layout of one row of `elements`. With 0 elements there is no tensor.
MatrixLayout VectorLayout(v1::DataType type, int64_t elements);

// One tensor that a launch reads or writes.
struct TensorUse {
  // The number that the family gives it: GemmTensor, FusedTensor.
  int tensor = 0;
  // The operand's name in errors: "aux" in "operands.aux".
  const char* name = "";
  // Whether it is an output. Inputs are never written.
  bool written = false;
  MatrixLayout layout;
  // Its name in launch plans and Requirements. UNSPECIFIED: they do not name it.
  v1::Operand operand = v1::OPERAND_UNSPECIFIED;
  // The fields of its strides: "gemm.lda", "gemm.a_batch_stride". Null: it is packed.
  const char* row_field = nullptr;
  const char* batch_field = nullptr;
  // In bytes. Kernels may need more than the alignment of one element, whatever Requirements say.
  int least_alignment = 1;
  // Whether the launch sets it to zero before the first step, which adds to it.
  bool zeroed = false;
  // Whether it counts among the bytes that the problem moves at least.
  bool counted = true;

  // Returns whether it has its own strides.
  bool IsMatrix() const { return row_field != nullptr; }
};

using TensorUses = absl::InlinedVector<TensorUse, 16>;

// Counts the bytes if each counted tensor is read or written once.
double MinimumBytes(const TensorUses& uses);

// Returns the alignment in bytes that a launch with `requirements` needs for `use`: at least that
// of one element.
int AlignmentOf(const TensorUse& use, const v1::Requirements& requirements);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_TENSOR_USE_H_
