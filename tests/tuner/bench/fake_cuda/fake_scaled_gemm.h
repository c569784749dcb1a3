#ifndef TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_SCALED_GEMM_H_
#define TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_SCALED_GEMM_H_

#include <string>

#include "kernel_templates/abi/kernel_args.h"

namespace tilewright {

// A GEMM of blocks with scales (A [m, k] and B [n, k] e5m2, bias bf16, D e4m3 with its scale and
// amax), written from problem.proto alone. `behaviour`: "scaled" is sound; "scaled, A along k",
// "scaled, B packed", "scaled, D late", "scaled, amax late" and "scaled, not saturated" are what
// their names say.
void FakeScaledGemm(const GemmArgs& args, const std::string& behaviour);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_SCALED_GEMM_H_
