#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_ACTIVATION_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_ACTIVATION_CUH_

#include "epilogue/epilogue_spec.cuh"
#include "epilogue/normal_distribution.cuh"

namespace tilewright {

// x / (1 + exp(-y)), y = x P(x^2), with the hardware's exponential and reciprocal: 2 ulp each, far
// below the rounding of a 16-bit D. `bits`: coefficients of -log2(e) P, the constant first. An
// epilogue has no time for more instructions: it shares the SM with a main loop. Step by step, for
// all elements at once: a warp that is alone on its scheduler would wait for each result.
template <int kCount, int kWidth>
__device__ __forceinline__ void TimesLogistic(float (&x)[kWidth], const float (&bits)[kCount]) {
  float square[kWidth];
  float sum[kWidth];
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    square[i] = x[i] * x[i];
    sum[i] = bits[kCount - 1];
  }
#pragma unroll
  for (int term = kCount - 2; term >= 0; --term) {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) sum[i] = fmaf(sum[i], square[i], bits[term]);
  }
#pragma unroll
  for (int i = 0; i < kWidth; ++i) sum[i] = PowerOfTwo(x[i] * sum[i]);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) x[i] *= Reciprocal(1.0f + sum[i]);
}

template <Activation kActivation, int kWidth>
__device__ __forceinline__ void Activate(float (&x)[kWidth]) {
  constexpr float kLog2E = 1.4426950408889634f;
  if constexpr (kActivation == Activation::kRelu) {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) x[i] = x[i] < 0.0f ? 0.0f : x[i];  // NaN stays NaN.
  } else if constexpr (kActivation == Activation::kGeluTanh) {
    // 0.5 (1 + tanh(u)) is the logistic function of 2u, with u = sqrt(2/pi) (x + 0.044715 x^3).
    constexpr float kLinear = -1.5957691216057308f * kLog2E;
    TimesLogistic(x, {kLinear, kLinear * 0.044715f});
  } else if constexpr (kActivation == Activation::kGeluErf) {
    // The normal distribution as a logistic function: y = log(below(x) / below(-x)), whose
    // polynomial was fitted for |x| <= 5. The result is within 2^-20 |x|, and down to x = -5, where
    // 1 + erf(x / sqrt 2) has lost all its digits, within 0.2 % of the exact one.
    TimesLogistic(x, {-2.30220127f, -0.104864664f, 0.000120808552f,
                             0.000150658889f, -1.01989344e-05f, 3.10504788e-07f,
                             -3.69124686e-09f});
  } else if constexpr (kActivation == Activation::kSilu) {
    TimesLogistic(x, {-kLog2E});
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_ACTIVATION_CUH_
