#ifndef TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_TENSOR_CORE_PRECISION_H_
#define TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_TENSOR_CORE_PRECISION_H_

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The parameters of a tensor-core template that change how it multiplies or sums. Without them the
// inputs' type decides.
struct PrecisionParameters {
  int promote = 0;
  int products = 1;
  int fp16_sums = 0;
};

// Returns the precision that follows for inputs of that type, or UNSPECIFIED if there is none.
// Pure; any thread.
v1::Precision TensorCorePrecision(v1::DataType input, const PrecisionParameters& parameters);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_TENSOR_CORE_PRECISION_H_
