// Derivatives of the activations, each within 2^-21 of the exact value, whose size is at most 1.13.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_ACTIVATION_GRADIENT_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_ACTIVATION_GRADIENT_CUH_

#include "epilogue/epilogue_spec.cuh"
#include "epilogue/normal_distribution.cuh"

namespace tilewright {

// d/dz of z * logistic(y), y having the sign of z and `slope` = dy/dz; `bits` is |y| log2(e).
// exp(-|y|) is at most 1, so nothing overflows, and where z is negative the two terms differ by
// the factor they have in common: the result is exact in the tail as well.
__device__ __forceinline__ float LogisticGradient(float z, float bits, float slope) {
  const float power = PowerOfTwo(-bits);
  const float inverse = Reciprocal(1.0f + power);
  const float smaller = power * inverse;
  return fmaf(z * slope, smaller * inverse, z < 0.0f ? smaller : inverse);
}

// activation'(z). That of relu is 0 at 0 and 1 of NaN, so that it hides no NaN of the gradient it
// is multiplied with. Those of the smooth ones are NaN at infinity.
template <Activation kActivation>
__device__ __forceinline__ float ActivateGradient(float z) {
  constexpr float kLog2E = 1.4426950408889634f;
  if constexpr (kActivation == Activation::kRelu) {
    return z <= 0.0f ? 0.0f : 1.0f;
  } else if constexpr (kActivation == Activation::kGeluTanh) {
    // z logistic(y), y = 2 sqrt(2/pi) (z + 0.044715 z^3). Beyond |z| = 32 the term with the slope
    // is 0: the square stops there, before it overflows.
    constexpr float kLinear = 1.5957691216057308f;
    constexpr float kCubic = kLinear * 0.044715f;
    const float square = fminf(z * z, 1024.0f);
    return LogisticGradient(z, fabsf(z * fmaf(square, kCubic * kLog2E, kLinear * kLog2E)),
                            fmaf(square, 3 * kCubic, kLinear));
  } else if constexpr (kActivation == Activation::kGeluErf) {
    const NormalPoint normal = StandardNormal(z);
    return fmaf(z, normal.density, normal.below);
  } else if constexpr (kActivation == Activation::kSilu) {
    return LogisticGradient(z, fabsf(z) * kLog2E, 1.0f);
  } else {
    return 1.0f;
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_ACTIVATION_GRADIENT_CUH_
