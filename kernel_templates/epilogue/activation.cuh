#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_ACTIVATION_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_ACTIVATION_CUH_

#include "epilogue/epilogue_spec.cuh"
#include "epilogue/normal_distribution.cuh"

namespace tilewright {

// x / (share (1 + exp(-y))), y = x P(x^2), with the hardware's exponential and reciprocal: 2 ulp
// each, far below the rounding of a 16-bit D. `bits`: coefficients of -log2(e) P, the constant
// first. An epilogue has no time for more instructions: it shares the SM with a main loop. Step by
// step, for all elements at once: a warp that is alone on its scheduler would wait for each result.
template <bool kHasShare, int kCount, int kWidth>
__device__ __forceinline__ void TimesLogistic(float (&x)[kWidth], const float (&bits)[kCount],
                                              float share) {
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
  for (int i = 0; i < kWidth; ++i) {
    x[i] *= Reciprocal(kHasShare ? fmaf(sum[i], share, share) : 1.0f + sum[i]);
  }
}

// Whether Activate can divide its results at no cost.
constexpr bool DividesByShare(Activation activation) {
  return activation == Activation::kGeluTanh || activation == Activation::kGeluErf ||
         activation == Activation::kSilu;
}

// Whether an element is rounded so that a coarser function is as good: to bf16, by up to 2^-9 of
// itself, or to fp8.
constexpr bool IsCoarse(Type type) { return BytesOf(type) <= 2 && type != Type::kFp16; }

// kHasShare: the results are divided by `share`, the part that dropout keeps. Where that is 0 they
// are Inf or NaN, and all dropped. kRounded: what they are rounded to.
template <Activation kActivation, Type kRounded, bool kHasShare = false, int kWidth>
__device__ __forceinline__ void Activate(float (&x)[kWidth], float share = 1.0f) {
  static_assert(!kHasShare || DividesByShare(kActivation));
  constexpr float kLog2E = 1.4426950408889634f;
  if constexpr (kActivation == Activation::kRelu) {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) x[i] = x[i] < 0.0f ? 0.0f : x[i];  // NaN stays NaN.
  } else if constexpr (kActivation == Activation::kGeluTanh) {
    // 0.5 (1 + tanh(u)) is the logistic function of 2u, with u = sqrt(2/pi) (x + 0.044715 x^3).
    constexpr float kLinear = -1.5957691216057308f * kLog2E;
    TimesLogistic<kHasShare>(x, {kLinear, kLinear * 0.044715f}, share);
  } else if constexpr (kActivation == Activation::kGeluErf) {
    // The normal distribution as a logistic function: y = log(below(x) / below(-x)), whose
    // polynomials were fitted for |x| <= 5. The result is within 2^-20 |x|, or 2^-11.9 |x| where it
    // is coarse, and down to x = -5, where 1 + erf(x / sqrt 2) has lost all its digits, within
    // 0.2 % of the exact one.
    if constexpr (IsCoarse(kRounded)) {
      TimesLogistic<kHasShare>(x, {-2.29764670f, -0.109396769f, 0.00142355929f, -1.30320854e-05f},
                               share);
    } else {
      TimesLogistic<kHasShare>(x,
                               {-2.30220127f, -0.104864664f, 0.000120808552f, 0.000150658889f,
                                -1.01989344e-05f, 3.10504788e-07f, -3.69124686e-09f},
                               share);
    }
  } else if constexpr (kActivation == Activation::kSilu) {
    TimesLogistic<kHasShare>(x, {-kLog2E}, share);
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_ACTIVATION_CUH_
