#ifndef TILEWRIGHT_TUNER_MODEL_REQUIREMENTS_H_
#define TILEWRIGHT_TUNER_MODEL_REQUIREMENTS_H_

#include <cstdint>

#include "proto/problem/tensor_use.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Bytes of the widest vector access (16, 8, 4, 2 or 1) that an operand admits:
// the largest power of two up to 16 that divides its row stride and batch stride in
// bytes, given a base aligned to it. A matrix that all batches share has no batch stride.
int AccessBytes(int64_t row_stride, int64_t batch_stride, int64_t batch, int element_bytes);

// What a kernel for tensors as they lie demands of them: the widest accesses that their own strides
// admit, and no divisibility. Absent operands, and vectors: 1.
v1::Requirements RequirementsOf(const TensorUses& uses);

// The same of a kernel rendered for the canonical `gemm`, with what its D and its bias ask.
v1::Requirements RequirementsOf(const v1::GemmProblem& gemm);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_MODEL_REQUIREMENTS_H_
