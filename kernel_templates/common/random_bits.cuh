// Random bits of the elements of a tensor: a pure function of (seed, offset, use, batch, row,
// column), whatever tile, split or kernel asks. docs/dropout.md is the contract.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_RANDOM_BITS_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_RANDOM_BITS_CUH_

#include "common/philox.cuh"

namespace tilewright {

// What random bits are for: tags the counter, so that the uses of one (seed, offset) are
// independent of each other.
enum class RandomUse : unsigned { kDropout = 0, kRounding = 1 };

// The 4x32 bits that serve 8 elements: rows {r, r + 8} of a 16-row block by columns
// {2q, 2q + 1, 8 + 2q, 8 + 2q + 1} of a 16-column block, which is what one lane of an MMA
// fragment owns. r = row % 8, q = column % 8 / 2.
//   counter = {column / 16 * 32 + r * 4 + q, row / 16 + use * 2^27,
//              low word of offset, high word of offset + batch * 2^16}
//   key = seed
// The offset is below 2^48.
template <int kRounds>
__device__ __forceinline__ PhiloxWords RandomBlock(unsigned long long seed,
                                                   unsigned long long offset, RandomUse use,
                                                   unsigned batch, unsigned row,
                                                   unsigned column) {
  return Philox<kRounds>((column / 16) * 32 + row % 8 * 4 + column % 8 / 2,
                         row / 16 + (static_cast<unsigned>(use) << 27),
                         static_cast<unsigned>(offset),
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

// The 8 elements of a block that dropout keeps, one bit each: bit 2 * w of the low half of word
// w, bit 2 * w + 1 of its high half. `limit`: p * 2^32 - 1, p being a multiple of 2^-16.
__device__ __forceinline__ unsigned KeepBits(const PhiloxWords& block, unsigned limit) {
  unsigned bits = 0;
#pragma unroll
  for (int w = 0; w < 4; ++w) {
    if (block.word[w] << 16 > limit) bits |= 1u << (2 * w);
    // The low half cannot make up for the high one.
    if (block.word[w] > limit) bits |= 2u << (2 * w);
  }
  return bits;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_RANDOM_BITS_CUH_
