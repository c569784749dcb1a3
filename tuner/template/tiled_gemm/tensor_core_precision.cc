#include "tuner/template/tiled_gemm/tensor_core_precision.h"

#include "proto/problem/data_type.h"

namespace tilewright {
namespace {

// Returns the precision of the tensor core for a type if the parameters do not change it.
v1::Precision OnTensorCore(v1::DataType input) {
  switch (MultiplierOf(input)) {
    case Multiplier::kFp32:
    case Multiplier::kTf32:
      return v1::PRECISION_TF32;
    case Multiplier::kInteger:
      return v1::PRECISION_INT32;
    case Multiplier::kFp8:
      return v1::PRECISION_FP8_FAST;
    default:
      return v1::PRECISION_FP32;
  }
}

}  // namespace

v1::Precision TensorCorePrecision(v1::DataType input, const PrecisionParameters& parameters) {
  const auto& [promote, products, fp16_sums] = parameters;
  if (fp16_sums) {
    const bool is_made = (input == v1::DATA_TYPE_FP16 || IsFp8(input)) && !promote && products == 1;
    return is_made ? v1::PRECISION_FP16_SUMS : v1::PRECISION_UNSPECIFIED;
  }
  if (products == 3 && input == v1::DATA_TYPE_FP32) {
    return promote ? v1::PRECISION_TF32X3_PROMOTED : v1::PRECISION_TF32X3;
  }
  if (products != 1) return v1::PRECISION_UNSPECIFIED;
  if (promote) return IsFp8(input) ? v1::PRECISION_FP8_PROMOTED : v1::PRECISION_UNSPECIFIED;
  return OnTensorCore(input);
}

}  // namespace tilewright
