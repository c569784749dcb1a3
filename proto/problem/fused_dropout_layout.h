// Which tensors a form of the fused dropout reads and writes, and where they lie. problem.proto,
// FusedDropoutProblem, is the contract. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_LAYOUT_H_
#define TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_LAYOUT_H_

#include <cstdint>
#include <vector>

#include "proto/problem/operand_layout.h"
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

// "pre_norm_gradient": as operands are named in errors.
const char* NameOf(FusedTensor tensor);

// One tensor that a launch needs. Vectors have one row; a mask is rows of bytes, as INT8.
struct FusedTensorUse {
  FusedTensor tensor;
  bool written;
  MatrixLayout layout;

  // Whether it is [rows, columns] with a stride of its own.
  bool IsMatrix() const;
};

// Of a canonical problem, in the order of FusedTensor. A stride of 0 means packed.
std::vector<FusedTensorUse> TensorsOf(const v1::FusedDropoutProblem& problem);

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

// Each tensor read or written once, bytes. Without a mask that the backward form may read: it can
// compute it again.
double FusedDropoutBytes(const v1::FusedDropoutProblem& problem);

// [rows, columns] as the m and n of a GEMM: grids and workspaces follow from them alone.
v1::GemmProblem ShapeOf(const v1::FusedDropoutProblem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_FUSED_DROPOUT_LAYOUT_H_
