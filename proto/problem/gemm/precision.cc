#include "proto/problem/gemm/precision.h"

#include "proto/problem/data_type.h"

namespace tilewright {
namespace {

// Returns whether an error budget may admit more than the precision of the types.
bool IsOpen(const v1::GemmProblem& gemm) {
  return gemm.numerics().error_budget() > 0 &&
         gemm.accumulator_type() == v1::DATA_TYPE_UNSPECIFIED &&
         !gemm.numerics().promote_accumulation();
}

}  // namespace

v1::Precision PrecisionOfTypes(const v1::GemmProblem& gemm) {
  if (gemm.accumulator_type() == v1::DATA_TYPE_FP16) return v1::PRECISION_FP16_SUMS;
  switch (MultiplierOf(gemm.a_type())) {
    case Multiplier::kFp8:
      return gemm.numerics().promote_accumulation() ? v1::PRECISION_FP8_PROMOTED
                                                    : v1::PRECISION_FP8_FAST;
    case Multiplier::kInteger:
      return v1::PRECISION_INT32;
    case Multiplier::kTf32:
      return v1::PRECISION_TF32;
    default:
      return v1::PRECISION_FP32;
  }
}

bool Admits(const v1::GemmProblem& gemm, v1::Precision precision) {
  if (!IsOpen(gemm)) return precision == PrecisionOfTypes(gemm);
  const v1::DataType input = gemm.a_type();
  switch (precision) {
    case v1::PRECISION_FP32:
      return input == v1::DATA_TYPE_FP32 || IsHalfWidth(input);
    case v1::PRECISION_TF32X3_PROMOTED:
    case v1::PRECISION_TF32X3:
      return input == v1::DATA_TYPE_FP32;
    case v1::PRECISION_TF32:
      return input == v1::DATA_TYPE_FP32 || input == v1::DATA_TYPE_TF32;
    case v1::PRECISION_FP16_SUMS:
      return input == v1::DATA_TYPE_FP16;
    case v1::PRECISION_FP8_PROMOTED:
    case v1::PRECISION_FP8_FAST:
      return IsFp8(input);
    case v1::PRECISION_INT32:
      return MultiplierOf(input) == Multiplier::kInteger;
    default:
      return false;
  }
}

std::vector<v1::Precision> AdmissiblePrecisions(const v1::GemmProblem& gemm) {
  if (!IsOpen(gemm)) return {PrecisionOfTypes(gemm)};
  std::vector<v1::Precision> admitted;
  for (int number = v1::Precision_MIN; number <= v1::Precision_MAX; ++number) {
    const auto precision = static_cast<v1::Precision>(number);
    if (Admits(gemm, precision)) admitted.push_back(precision);
  }
  return admitted;
}

v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const v1::VendorKernel& kernel) {
  return kernel.precision() != v1::PRECISION_UNSPECIFIED ? kernel.precision()
                                                         : PrecisionOfTypes(gemm);
}

ComputeTypes ComputeTypesOf(v1::DataType input, v1::Precision precision) {
  switch (precision) {
    case v1::PRECISION_TF32X3_PROMOTED:
    case v1::PRECISION_TF32X3:
    case v1::PRECISION_TF32:
      return {v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP32};
    case v1::PRECISION_FP16_SUMS:
      return {input, v1::DATA_TYPE_FP16};
    case v1::PRECISION_INT32:
      return {input, v1::DATA_TYPE_INT32};
    default:
      return {input, v1::DATA_TYPE_FP32};
  }
}

}  // namespace tilewright
