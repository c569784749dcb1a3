#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_ACTIVATION_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_ACTIVATION_CUH_

#include "epilogue/epilogue_spec.cuh"

namespace tilewright {

// x / (1 + exp(-y)), with the hardware's exponential and reciprocal: 2 ulp each, far below
// the rounding of a 16-bit D.
__device__ __forceinline__ float TimesLogistic(float x, float y) {
  float power;
  asm("ex2.approx.f32 %0, %1;" : "=f"(power) : "f"(y * -1.4426950408889634f));
  float inverse;
  asm("rcp.approx.f32 %0, %1;" : "=f"(inverse) : "f"(1.0f + power));
  return x * inverse;
}

template <Activation kActivation>
__device__ __forceinline__ float Activate(float x) {
  if constexpr (kActivation == Activation::kRelu) {
    return x < 0.0f ? 0.0f : x;  // NaN stays NaN.
  } else if constexpr (kActivation == Activation::kGeluTanh) {
    // 0.5 (1 + tanh(u)) is the logistic function of 2u, with u = sqrt(2/pi) (x + 0.044715 x^3).
    const float twice_u = 1.5957691216057308f * (x + 0.044715f * x * x * x);
    return TimesLogistic(x, twice_u);
  } else if constexpr (kActivation == Activation::kGeluErf) {
    return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f));
  } else if constexpr (kActivation == Activation::kSilu) {
    return TimesLogistic(x, x);
  } else {
    return x;
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_ACTIVATION_CUH_
