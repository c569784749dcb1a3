// Says which tensors a form of the fused dropout reads and writes, and their layouts.
// FusedDropoutProblem in problem.proto is the contract. Pure; any thread.
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

// Returns the tensors of a canonical problem in the order of FusedTensor. A vector has one row. A
// mask has rows of bytes, as INT8. A stride of 0 means packed.
TensorUses TensorsOf(const v1::FusedDropoutProblem& problem);

inline FusedTensor FusedTensorOf(const TensorUse& use) {
  return static_cast<FusedTensor>(use.tensor);
}

// Returns rows and columns as m and n.
ProblemShape ShapeOf(const v1::FusedDropoutProblem& problem);
inline constexpr ShapeFields kFusedDropoutShapeFields = {"fused_dropout.rows",
                                                         "fused_dropout.columns"};

bool HasBias(const v1::FusedDropoutProblem& problem);
bool HasResidual(const v1::FusedDropoutProblem& problem);
bool Normalizes(const v1::FusedDropoutProblem& problem);
// Returns whether the form is LAYER_NORM, which has a mean and a shift.
bool Centers(const v1::FusedDropoutProblem& problem);
bool DropsElements(const v1::FusedDropoutProblem& problem);

// Returns how many gradients [columns] the backward form writes: 0 to 3.
int ColumnSums(const v1::FusedDropoutProblem& problem);

// Returns the type of pre_norm: the type of the residual if there is one.
v1::DataType PreNormType(const v1::FusedDropoutProblem& problem);

// Returns whether the form writes or reads pre_norm.
bool HasPreNorm(const v1::FusedDropoutProblem& problem);

// A tensor [rows, columns] whose row stride is a field of the problem.
struct StrideField {
  const char* name;  // "fused_dropout.x_stride"
  int64_t (v1::FusedDropoutProblem::*get)() const;
  void (v1::FusedDropoutProblem::*set)(int64_t);
};

// Returns the fields for x, y, the residual and pre_norm. Their gradients use the same ones.
absl::Span<const StrideField> StrideFields();

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_FUSED_DROPOUT_TENSORS_H_
