#ifndef TILEWRIGHT_TUNER_MODEL_REQUIREMENTS_H_
#define TILEWRIGHT_TUNER_MODEL_REQUIREMENTS_H_

#include <cstdint>

#include "proto/problem/tensor_use.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Returns the bytes of the widest vector access (16, 8, 4, 2 or 1) to an operand: the largest power
// of two up to 16 that divides its row stride and batch stride in bytes. The base must be aligned
// to it. A matrix that all batches share has no batch stride.
int AccessBytes(int64_t row_stride, int64_t batch_stride, int64_t batch, int element_bytes);

// Returns the requirements of a kernel for these tensors: the widest accesses that their own
// strides allow, and no divisibility. Absent operands and vectors have 1.
v1::Requirements RequirementsOf(const TensorUses& uses);

// The same for a kernel rendered for the canonical `gemm`, with the needs of its D and its bias.
v1::Requirements RequirementsOf(const v1::GemmProblem& gemm);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_MODEL_REQUIREMENTS_H_
