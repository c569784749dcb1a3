// Which tensors a form of the fused dropout reads and writes, and where they lie. problem.proto,
// FusedDropoutProblem, is the contract. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_FUSED_DROPOUT_TENSORS_H_
#define TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_FUSED_DROPOUT_TENSORS_H_

#include <cstdint>

#include "absl/types/span.h"
#include "proto/problem/family.h"
#include "proto/problem/tensor_use.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

enum class FusedTensor {
  kX,
  kBias,
  kResidual,
  kWeight,
  kShift,
  kY,
  kDy,
  kPreNormGradient,
  kDx,
  kResidualGradient,
  kPreNorm,
  kMask,
  kMean,
  kInverseRoot,
  kBiasGradient,
  kWeightGradient,
  kShiftGradient,
};
inline constexpr FusedTensor kLastFusedTensor = FusedTensor::kShiftGradient;

// Of a canonical problem, in the order of FusedTensor. Vectors have one row; a mask is rows of
// bytes, as INT8. A stride of 0 means packed.
TensorUses TensorsOf(const v1::FusedDropoutProblem& problem);

// Of one of them.
inline FusedTensor FusedTensorOf(const TensorUse& use) {
  return static_cast<FusedTensor>(use.tensor);
}

// Rows and columns as m and n.
ProblemShape ShapeOf(const v1::FusedDropoutProblem& problem);
inline constexpr ShapeFields kFusedDropoutShapeFields = {"fused_dropout.rows",
                                                         "fused_dropout.columns"};

bool HasBias(const v1::FusedDropoutProblem& problem);
bool HasResidual(const v1::FusedDropoutProblem& problem);
bool Normalizes(const v1::FusedDropoutProblem& problem);
// LAYER_NORM: there is a mean and a shift.
bool Centers(const v1::FusedDropoutProblem& problem);
bool DropsElements(const v1::FusedDropoutProblem& problem);

// Gradients [columns] that the backward form gives: 0 to 3.
int ColumnSums(const v1::FusedDropoutProblem& problem);

// Type of pre_norm: that of the residual where there is one.
v1::DataType PreNormType(const v1::FusedDropoutProblem& problem);

// Whether pre_norm is written, or read.
bool HasPreNorm(const v1::FusedDropoutProblem& problem);

// A tensor [rows, columns] whose rows lie as a field of the problem says.
struct StrideField {
  const char* name;  // "fused_dropout.x_stride"
  int64_t (v1::FusedDropoutProblem::*get)() const;
  void (v1::FusedDropoutProblem::*set)(int64_t);
};

// Those of x, y, the residual and pre_norm, and of their gradients.
absl::Span<const StrideField> StrideFields();

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_FUSED_DROPOUT_TENSORS_H_
