// Stochastic rounding to 16-bit floats: unbiased, reproducible, and the same whatever tile,
// split or kernel computes an element.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_STOCHASTIC_ROUNDING_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_STOCHASTIC_ROUNDING_CUH_

#include "common/philox.cuh"
#include "common/types.cuh"

namespace tilewright {

// What random bits are for: tags the counter, so that the uses of one (seed, offset) are
// independent of each other.
enum class RandomUse : unsigned { kDropout = 0, kRounding = 1 };

inline constexpr int kRandomRounds = 7;

// The 4x32 bits that serve 8 elements of D: rows {r, r + 8} of a 16-row block by columns
// {2q, 2q + 1, 8 + 2q, 8 + 2q + 1} of a 16-column block, which is what one lane of an MMA
// fragment owns. `pair_row` is r = row % 8, `pair_column` is q = column % 8 / 2.
//   counter = {column / 16 * 32 + r * 4 + q, row / 16 + use * 2^27,
//              low word of offset, high word of offset + batch * 2^16}
//   key = seed
__device__ __forceinline__ PhiloxWords RandomBlock(unsigned long long seed,
                                                   unsigned long long offset, RandomUse use,
                                                   unsigned batch, unsigned row,
                                                   unsigned column) {
  return Philox<kRandomRounds>(
      (column / 16) * 32 + row % 8 * 4 + column % 8 / 2,
      row / 16 + (static_cast<unsigned>(use) << 27), static_cast<unsigned>(offset),
      static_cast<unsigned>(offset >> 32) + (batch << 16), seed);
}

// The 16 bits of (row, column) in their block: word 2 * (row / 8 % 2) + column / 8 % 2, its
// low half in even columns and its high half in odd ones.
__device__ __forceinline__ unsigned RandomBits16(const PhiloxWords& block, unsigned row,
                                                 unsigned column) {
  const unsigned low = column / 8 % 2 == 0 ? block.word[0] : block.word[1];
  const unsigned high = column / 8 % 2 == 0 ? block.word[2] : block.word[3];
  const unsigned word = row / 8 % 2 == 0 ? low : high;
  return column % 2 == 0 ? word & 0xFFFF : word >> 16;
}

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
