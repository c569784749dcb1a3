#ifndef TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_FUSED_DROPOUT_H_
#define TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_FUSED_DROPOUT_H_

#include <string>

#include "kernel_templates/abi/fused_dropout_args.h"

namespace tilewright {

// BIAS_DROPOUT_RESIDUAL with LAYER_NORM in bf16, and with "backward" its gradient, by the formulas
// of problem.proto; with the fault that `behaviour` names.
void FakeFusedDropout(const FusedDropoutArgs& args, const std::string& behaviour);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_FUSED_DROPOUT_H_
