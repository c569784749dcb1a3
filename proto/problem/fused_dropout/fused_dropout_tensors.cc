#include "proto/problem/fused_dropout/fused_dropout_tensors.h"

#include <cstddef>
#include <iterator>
#include <utility>

#include "proto/problem/data_type.h"
#include "proto/problem/dropout_mask.h"

namespace tilewright {
namespace {

using P = v1::FusedDropoutProblem;

// In the order in which canonicalization checks them.
enum Stride { kX, kY, kResidual, kPreNorm };
constexpr StrideField kStrideFields[] = {
    {"fused_dropout.x_stride", &P::x_stride, &P::set_x_stride},
    {"fused_dropout.y_stride", &P::y_stride, &P::set_y_stride},
    {"fused_dropout.residual_stride", &P::residual_stride, &P::set_residual_stride},
    {"fused_dropout.pre_norm_stride", &P::pre_norm_stride, &P::set_pre_norm_stride},
};
// The names of these tensors in kernel.proto.
constexpr v1::Operand kOperands[] = {v1::OPERAND_A, v1::OPERAND_D, v1::OPERAND_C, v1::OPERAND_AUX};

const char* NameOf(FusedTensor tensor) {
  constexpr const char* kNames[] = {"x",
                                    "bias",
                                    "residual",
                                    "weight",
                                    "shift",
                                    "y",
                                    "dy",
                                    "pre_norm_gradient",
                                    "dx",
                                    "residual_gradient",
                                    "pre_norm",
                                    "mask",
                                    "mean",
                                    "inverse_root",
                                    "bias_gradient",
                                    "weight_gradient",
                                    "shift_gradient"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(kLastFusedTensor) + 1);
  return kNames[static_cast<int>(tensor)];
}

// Collects the tensors of one problem.
class TensorList {
 public:
  explicit TensorList(const P& problem) : problem_(problem) {}

  void Matrix(FusedTensor tensor, bool written, v1::DataType type, Stride stride) {
    TensorUse& use = Add(tensor, written, RowsOf(type, problem_.columns()));
    const StrideField& field = kStrideFields[stride];
    if (const int64_t given = (problem_.*field.get)(); given != 0) use.layout.row_stride = given;
    use.row_field = field.name;
    use.batch_field = field.name;
    use.operand = kOperands[stride];
  }
  void Columns(FusedTensor tensor, bool written, v1::DataType type) {
    TensorUse& use = Add(tensor, written, VectorLayout(type, problem_.columns()));
    if (tensor == FusedTensor::kBias) use.operand = v1::OPERAND_BIAS;
  }
  void Statistic(FusedTensor tensor, bool written) {
    Add(tensor, written, VectorLayout(v1::DATA_TYPE_FP32, problem_.rows()));
  }
  // A mask that is read does not count: the backward form can compute it again.
  void Bits(bool written) {
    TensorUse& use = Add(FusedTensor::kMask, written,
                         RowsOf(v1::DATA_TYPE_INT8, PackedMaskRowBytes(problem_.columns())));
    use.counted = written;
  }

  TensorUses Take() { return std::move(uses_); }

 private:
  MatrixLayout RowsOf(v1::DataType type, int64_t columns) const {
    MatrixLayout layout;
    layout.type = type;
    layout.rows = problem_.rows();
    layout.columns = columns;
    layout.row_stride = columns;
    return layout;
  }
  TensorUse& Add(FusedTensor tensor, bool written, const MatrixLayout& layout) {
    return uses_.emplace_back(TensorUse{static_cast<int>(tensor), NameOf(tensor), written, layout});
  }

  const P& problem_;
  TensorUses uses_;
};

bool StoresMask(const P& problem) {
  return DropsElements(problem) && problem.dropout().store_mask();
}

TensorUses ForwardTensors(const P& problem) {
  TensorList list(problem);
  list.Matrix(FusedTensor::kX, false, problem.type(), kX);
  if (HasBias(problem)) list.Columns(FusedTensor::kBias, false, problem.bias_type());
  if (HasResidual(problem)) {
    list.Matrix(FusedTensor::kResidual, false, problem.residual_type(), kResidual);
  }
  if (Normalizes(problem)) list.Columns(FusedTensor::kWeight, false, problem.weight_type());
  if (Centers(problem)) list.Columns(FusedTensor::kShift, false, problem.weight_type());
  list.Matrix(FusedTensor::kY, true, problem.type(), kY);
  if (HasPreNorm(problem)) {
    list.Matrix(FusedTensor::kPreNorm, true, PreNormType(problem), kPreNorm);
  }
  if (StoresMask(problem)) list.Bits(true);
  if (problem.store_statistics()) {
    if (Centers(problem)) list.Statistic(FusedTensor::kMean, true);
    list.Statistic(FusedTensor::kInverseRoot, true);
  }
  return list.Take();
}

TensorUses BackwardTensors(const P& problem) {
  const bool activates = problem.activation() > v1::ACTIVATION_NONE;
  TensorList list(problem);
  if (activates) list.Matrix(FusedTensor::kX, false, problem.type(), kX);
  if (activates) list.Columns(FusedTensor::kBias, false, problem.bias_type());
  if (Normalizes(problem)) list.Columns(FusedTensor::kWeight, false, problem.weight_type());
  list.Matrix(FusedTensor::kDy, false, problem.type(), kY);
  if (problem.add_gradient()) {
    list.Matrix(FusedTensor::kPreNormGradient, false, PreNormType(problem), kPreNorm);
  }
  list.Matrix(FusedTensor::kDx, true, problem.type(), kX);
  if (Normalizes(problem) && HasResidual(problem)) {
    list.Matrix(FusedTensor::kResidualGradient, true, problem.residual_type(), kResidual);
  }
  if (HasPreNorm(problem)) {
    list.Matrix(FusedTensor::kPreNorm, false, PreNormType(problem), kPreNorm);
  }
  if (StoresMask(problem)) list.Bits(false);
  if (Centers(problem)) list.Statistic(FusedTensor::kMean, false);
  if (Normalizes(problem)) list.Statistic(FusedTensor::kInverseRoot, false);
  if (HasBias(problem)) list.Columns(FusedTensor::kBiasGradient, true, v1::DATA_TYPE_FP32);
  if (Normalizes(problem)) list.Columns(FusedTensor::kWeightGradient, true, v1::DATA_TYPE_FP32);
  if (Centers(problem)) list.Columns(FusedTensor::kShiftGradient, true, v1::DATA_TYPE_FP32);
  return list.Take();
}

}  // namespace

absl::Span<const StrideField> StrideFields() { return kStrideFields; }

TensorUses TensorsOf(const P& problem) {
  return problem.backward() ? BackwardTensors(problem) : ForwardTensors(problem);
}

ProblemShape ShapeOf(const P& problem) { return {.m = problem.rows(), .n = problem.columns()}; }

bool HasBias(const P& problem) {
  return problem.operation() == v1::DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL ||
         problem.operation() == v1::DROPOUT_OPERATION_BIAS_ACTIVATION_DROPOUT;
}

bool HasResidual(const P& problem) {
  return problem.operation() == v1::DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL;
}

bool Normalizes(const P& problem) { return problem.normalization() > v1::NORMALIZATION_NONE; }

bool Centers(const P& problem) { return problem.normalization() == v1::NORMALIZATION_LAYER_NORM; }

bool DropsElements(const P& problem) {
  return QuantizeProbability(problem.dropout().probability()) > 0;
}

int ColumnSums(const P& problem) {
  if (!problem.backward()) return 0;
  return (HasBias(problem) ? 1 : 0) + (Normalizes(problem) ? 1 : 0) + (Centers(problem) ? 1 : 0);
}

v1::DataType PreNormType(const P& problem) {
  return HasResidual(problem) ? problem.residual_type() : problem.type();
}

bool HasPreNorm(const P& problem) {
  return Normalizes(problem) && (problem.backward() || problem.store_pre_norm());
}

}  // namespace tilewright
