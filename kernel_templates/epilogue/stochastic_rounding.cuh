// Stochastic rounding to 16-bit floats: unbiased, reproducible, and the same whatever tile,
// split or kernel computes an element.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_STOCHASTIC_ROUNDING_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_STOCHASTIC_ROUNDING_CUH_

#include "common/types.cuh"

namespace tilewright {

inline constexpr int kRoundingRounds = 7;

// `value` rounded up or down in magnitude with a probability in proportion to its
// distance; `random` are 16 bits. Inf and NaN stay what they are.
template <Type kType>
__device__ __forceinline__ unsigned RoundStochastically(float value, unsigned random) {
  static_assert(IsHalfWidth(kType));
  const unsigned bits = __float_as_uint(value);
  const unsigned magnitude = bits & 0x7FFFFFFF;
  if (magnitude >= 0x7F800000) return BitsFromFloat<kType>(value);
  if constexpr (kType == Type::kBf16) {
    return (bits + random) >> 16;
  } else {
    const unsigned sign = bits >> 16 & 0x8000;
    if (magnitude < 0x38800000) {
      // Below 2^-14 the spacing of fp16 is 2^-24: steps are counted in fixed point.
      const float steps = __uint_as_float(magnitude) * 16777216.0f;
      return sign | static_cast<unsigned>(steps + static_cast<float>(random) * 0x1p-16f);
    }
    // 13 of the mantissa's bits go. What is left is exact, or overflows to Inf.
    const unsigned kept = (magnitude + (random >> 3)) & ~0x1FFFu;
    return sign | BitsFromFloat<kType>(__uint_as_float(kept));
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_STOCHASTIC_ROUNDING_CUH_
