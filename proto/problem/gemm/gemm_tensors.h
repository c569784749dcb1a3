// The tensors of a GEMM and their layouts. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_TENSORS_H_
#define TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_TENSORS_H_

#include <cstdint>

#include "absl/types/span.h"
#include "proto/problem/family.h"
#include "proto/problem/tensor_use.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

enum class GemmTensor {
  kA,
  kB,
  kC,
  kD,
  kAux,
  kBias,
  kMask,  // Rows of bytes, as INT8.
  kBiasGradient,
  kAmax,
  kNonFinite,  // One uint32, as INT32.
  kScaleA,
  kScaleB,
  kScaleD,
  kDeviceAlpha,
  kDeviceBeta,
};
inline constexpr GemmTensor kLastGemmTensor = GemmTensor::kDeviceBeta;

inline GemmTensor GemmTensorOf(const TensorUse& use) { return static_cast<GemmTensor>(use.tensor); }

// The rows, and the columns, of one block of SCALING_MODE_BLOCK_128.
inline constexpr int64_t kScaledBlock = 128;

// A matrix that may have its own strides: A, B, C, D or aux.
struct StridedOperand {
  v1::Operand operand;
  const char* name;         // "a"
  const char* row_field;    // "gemm.lda"
  const char* batch_field;  // "gemm.a_batch_stride"
  bool may_share;  // All batches may share one. Each batch has its own aux, also if it is read.
  int64_t (v1::GemmProblem::*row_stride)() const;
  int64_t (v1::GemmProblem::*batch_stride)() const;
  void (v1::GemmProblem::*set_row_stride)(int64_t);
  void (v1::GemmProblem::*set_batch_stride)(int64_t);
};

// Returns these five, in this order.
absl::Span<const StridedOperand> StridedOperands();

// Returns the packed layout of A, B, C (source), D or aux, whatever its strides are. REQUIRES:
// types, layouts and extents are canonical.
MatrixLayout PackedLayoutOf(const v1::GemmProblem& problem, v1::Operand operand);

// Returns the actual layout. A stride of 0 means packed; kSharedByBatches means one matrix.
MatrixLayout LayoutOf(const v1::GemmProblem& problem, v1::Operand operand);

// Returns [1, n] of fp32 if the problem asks for the gradient of the bias.
MatrixLayout BiasGradientLayout(const v1::GemmProblem& problem);

// Counts the elements of the bias vector; 0 without a bias.
int64_t BiasElements(const v1::GemmProblem& problem);

// Counts the elements of OPERAND_SCALE_A, _B or _D: packed fp32, in the layout of ScalingMode in
// problem.proto. 0 if the problem has no such scales.
int64_t ScaleElements(const v1::GemmProblem& problem, v1::Operand operand);

ProblemShape ShapeOf(const v1::GemmProblem& problem);
inline constexpr ShapeFields kGemmShapeFields = {"gemm.m", "gemm.n", "gemm.k"};

// Returns every tensor that a launch of the canonical `problem` reads or writes.
TensorUses TensorsOf(const v1::GemmProblem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_GEMM_GEMM_TENSORS_H_
