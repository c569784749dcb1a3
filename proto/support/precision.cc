#include "proto/support/precision.h"

namespace tilewright {

v1::Precision PrecisionOfTypes(const v1::GemmProblem& gemm) {
  if (gemm.accumulator_type() == v1::DATA_TYPE_FP16) return v1::PRECISION_FP16_SUMS;
  switch (gemm.a_type()) {
    case v1::DATA_TYPE_E4M3:
    case v1::DATA_TYPE_E5M2:
      return gemm.numerics().promote_accumulation() ? v1::PRECISION_FP8_PROMOTED
                                                    : v1::PRECISION_FP8_FAST;
    case v1::DATA_TYPE_INT8:
      return v1::PRECISION_INT32;
    case v1::DATA_TYPE_TF32:
      return v1::PRECISION_TF32;
    default:
      return v1::PRECISION_FP32;
  }
}

}  // namespace tilewright
