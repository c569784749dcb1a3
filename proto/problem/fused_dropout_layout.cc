#include "proto/problem/fused_dropout_layout.h"

#include <utility>

#include "proto/problem/dropout_mask.h"

namespace tilewright {
namespace {

MatrixLayout Rows(const v1::FusedDropoutProblem& problem, v1::DataType type, int64_t stride) {
  MatrixLayout layout;
  layout.type = type;
  layout.rows = problem.rows();
  layout.columns = problem.columns();
  layout.row_stride = stride == 0 ? problem.columns() : stride;
  return layout;
}

MatrixLayout Vector(v1::DataType type, int64_t elements) {
  MatrixLayout layout;
  layout.type = type;
  layout.rows = 1;
  layout.columns = elements;
  layout.row_stride = elements;
  return layout;
}

MatrixLayout Mask(const v1::FusedDropoutProblem& problem) {
  MatrixLayout layout;
  layout.type = v1::DATA_TYPE_INT8;
  layout.rows = problem.rows();
  layout.columns = PackedMaskRowBytes(problem.columns());
  layout.row_stride = layout.columns;
  return layout;
}

// Collects the tensors of one problem.
class TensorList {
 public:
  explicit TensorList(const v1::FusedDropoutProblem& problem) : problem_(problem) {}

  void Matrix(FusedTensor tensor, bool written, v1::DataType type, int64_t stride) {
    uses_.push_back({tensor, written, Rows(problem_, type, stride)});
  }
  void Columns(FusedTensor tensor, bool written, v1::DataType type) {
    uses_.push_back({tensor, written, Vector(type, problem_.columns())});
  }
  void Statistic(FusedTensor tensor, bool written) {
    uses_.push_back({tensor, written, Vector(v1::DATA_TYPE_FP32, problem_.rows())});
  }
  void Bits(bool written) { uses_.push_back({FusedTensor::kMask, written, Mask(problem_)}); }

  std::vector<FusedTensorUse> Take() { return std::move(uses_); }

 private:
  const v1::FusedDropoutProblem& problem_;
  std::vector<FusedTensorUse> uses_;
};

bool StoresMask(const v1::FusedDropoutProblem& problem) {
  return DropsElements(problem) && problem.dropout().store_mask();
}

std::vector<FusedTensorUse> ForwardTensors(const v1::FusedDropoutProblem& problem) {
  TensorList list(problem);
  list.Matrix(FusedTensor::kX, false, problem.type(), problem.x_stride());
  if (HasBias(problem)) list.Columns(FusedTensor::kBias, false, problem.bias_type());
  if (HasResidual(problem)) {
    list.Matrix(FusedTensor::kResidual, false, problem.residual_type(), problem.residual_stride());
  }
  if (Normalizes(problem)) list.Columns(FusedTensor::kWeight, false, problem.weight_type());
  if (Centers(problem)) list.Columns(FusedTensor::kShift, false, problem.weight_type());
  list.Matrix(FusedTensor::kY, true, problem.type(), problem.y_stride());
  if (HasPreNorm(problem)) {
    list.Matrix(FusedTensor::kPreNorm, true, PreNormType(problem), problem.pre_norm_stride());
  }
  if (StoresMask(problem)) list.Bits(true);
  if (problem.store_statistics()) {
    if (Centers(problem)) list.Statistic(FusedTensor::kMean, true);
    list.Statistic(FusedTensor::kInverseRoot, true);
  }
  return list.Take();
}

std::vector<FusedTensorUse> BackwardTensors(const v1::FusedDropoutProblem& problem) {
  const bool activates = problem.activation() > v1::ACTIVATION_NONE;
  TensorList list(problem);
  if (activates) list.Matrix(FusedTensor::kX, false, problem.type(), problem.x_stride());
  if (activates) list.Columns(FusedTensor::kBias, false, problem.bias_type());
  if (Normalizes(problem)) list.Columns(FusedTensor::kWeight, false, problem.weight_type());
  list.Matrix(FusedTensor::kDy, false, problem.type(), problem.y_stride());
  if (problem.add_gradient()) {
    list.Matrix(FusedTensor::kPreNormGradient, false, PreNormType(problem),
                problem.pre_norm_stride());
  }
  list.Matrix(FusedTensor::kDx, true, problem.type(), problem.x_stride());
  if (Normalizes(problem) && HasResidual(problem)) {
    list.Matrix(FusedTensor::kResidualGradient, true, problem.residual_type(),
                problem.residual_stride());
  }
  if (HasPreNorm(problem)) {
    list.Matrix(FusedTensor::kPreNorm, false, PreNormType(problem), problem.pre_norm_stride());
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
  return kNames[static_cast<int>(tensor)];
}

bool FusedTensorUse::IsMatrix() const {
  switch (tensor) {
    case FusedTensor::kX:
    case FusedTensor::kResidual:
    case FusedTensor::kY:
    case FusedTensor::kDy:
    case FusedTensor::kPreNormGradient:
    case FusedTensor::kDx:
    case FusedTensor::kResidualGradient:
    case FusedTensor::kPreNorm:
      return true;
    default:
      return false;
  }
}

std::vector<FusedTensorUse> TensorsOf(const v1::FusedDropoutProblem& problem) {
  return problem.backward() ? BackwardTensors(problem) : ForwardTensors(problem);
}

bool HasBias(const v1::FusedDropoutProblem& problem) {
  return problem.operation() == v1::DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL ||
         problem.operation() == v1::DROPOUT_OPERATION_BIAS_ACTIVATION_DROPOUT;
}

bool HasResidual(const v1::FusedDropoutProblem& problem) {
  return problem.operation() == v1::DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL;
}

bool Normalizes(const v1::FusedDropoutProblem& problem) {
  return problem.normalization() > v1::NORMALIZATION_NONE;
}

bool Centers(const v1::FusedDropoutProblem& problem) {
  return problem.normalization() == v1::NORMALIZATION_LAYER_NORM;
}

bool DropsElements(const v1::FusedDropoutProblem& problem) {
  return QuantizeProbability(problem.dropout().probability()) > 0;
}

int ColumnSums(const v1::FusedDropoutProblem& problem) {
  if (!problem.backward()) return 0;
  return (HasBias(problem) ? 1 : 0) + (Normalizes(problem) ? 1 : 0) + (Centers(problem) ? 1 : 0);
}

v1::DataType PreNormType(const v1::FusedDropoutProblem& problem) {
  return HasResidual(problem) ? problem.residual_type() : problem.type();
}

bool HasPreNorm(const v1::FusedDropoutProblem& problem) {
  return Normalizes(problem) && (problem.backward() || problem.store_pre_norm());
}

double FusedDropoutBytes(const v1::FusedDropoutProblem& problem) {
  double bytes = 0;
  for (const FusedTensorUse& use : TensorsOf(problem)) {
    if (use.tensor == FusedTensor::kMask && !use.written) continue;
    bytes += static_cast<double>(use.layout.rows) * static_cast<double>(use.layout.columns) *
             DataTypeBytes(use.layout.type);
  }
  return bytes;
}

v1::GemmProblem ShapeOf(const v1::FusedDropoutProblem& problem) {
  v1::GemmProblem shape;
  shape.set_m(problem.rows());
  shape.set_n(problem.columns());
  return shape;
}

}  // namespace tilewright
