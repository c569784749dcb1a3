#ifndef TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_DROPOUT_GEMM_H_
#define TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_DROPOUT_GEMM_H_

#include <string>

#include "kernel_templates/abi/kernel_args.h"

namespace tilewright {

// bf16 [m, k] times bf16 [n, k], D bf16, dropout in 7 rounds.
//
// "dropout": with SiLU, bias and residual in bf16, an auxiliary output in e4m3 and a stored mask.
// After a comma, what is wrong with it: "unscaled"; "batch left out" of the counter; "offset cut"
// to 32 bits; "other mask stored"; "mask padded" with ones; "past the mask"; "aux not saturated".
//
// "gradient": with the derivative of SiLU at a z in bf16, beta * C in bf16, scalars in device
// memory, and sums of columns. What is wrong: "of the activation" in the place of the derivative;
// "scalars by value"; "a row left out" of the sums; "a row twice" in the sums; "sums in turn"
// between two runs; "past the sums"; "sums unwritten"; "z written".
void FakeDropoutGemm(const GemmArgs& args, const std::string& behaviour);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_DROPOUT_GEMM_H_
