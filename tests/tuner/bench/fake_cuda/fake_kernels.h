#ifndef TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_KERNELS_H_
#define TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_KERNELS_H_

#include <functional>
#include <string>

namespace tilewright {

// What a launch did to the "GPU".
enum class FakeOutcome { kDone, kIllegalAddress, kEndless };

using FakeKernel = std::function<FakeOutcome(const void* args)>;

// The kernel `symbol` of a "cubin", which is a text. The reference kernels are in any; a GEMM
// (bf16, A [m, k], B [n, k], D bf16) behaves as the text says: "sound", "wrong", "unwritten",
// "out_of_bounds", "past_the_workspace", "writes_input", "reads_padding", "reads_beta",
// "nondeterministic", "illegal", "endless"; with beta * C "accumulates", and
// "accumulates_whatever_beta_is"; or fp32 in and out, "fp32" and "fp32_cut", whose inputs are cut
// to tf32; or as fake_scaled_gemm.h or fake_dropout_gemm.h has it. Empty where there is no such
// symbol.
FakeKernel FindFakeKernel(const std::string& cubin, const std::string& symbol);

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_KERNELS_H_
