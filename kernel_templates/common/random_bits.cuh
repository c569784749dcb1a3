// Random bits of the elements of a tensor: a pure function of (seed, offset, use, batch, row,
// column), whatever tile, split or kernel asks. docs/dropout.md is the contract.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_RANDOM_BITS_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_RANDOM_BITS_CUH_

#include "common/philox.cuh"

namespace tilewright {

// What random bits are for: tags the counter, so that the uses of one (seed, offset) are
// independent of each other.
enum class RandomUse : unsigned { kDropout = 0, kRounding = 1 };

// The counter of the 4x32 bits that serve 8 elements: rows {r, r + 8} of the 16-row block
// `row_block` by columns {2q, 2q + 1, 8 + 2q, 8 + 2q + 1} of the 16-column block `column_block`,
// which is what one lane of an MMA fragment owns.
//   counter = {column_block * 32 + r * 4 + q, row_block + use * 2^27,
//              low word of offset, high word of offset + batch * 2^16}
// The offset is below 2^48, the batch below 2^16, and blocks are below 2^27: no word of it
// overflows.
__device__ __forceinline__ PhiloxWords BlockCounter(unsigned long long offset, RandomUse use,
                                                    unsigned batch, unsigned row_block,
                                                    unsigned column_block, unsigned r, unsigned q) {
  return {{column_block * 32 + r * 4 + q, row_block + (static_cast<unsigned>(use) << 27),
           static_cast<unsigned>(offset), static_cast<unsigned>(offset >> 32) + (batch << 16)}};
}

// The bits that (row, column) shares. `keys`: PhiloxKeysOf the seed.
template <int kRounds>
__device__ __forceinline__ PhiloxWords RandomBlock(const PhiloxKeys& keys,
                                                   unsigned long long offset, RandomUse use,
                                                   unsigned batch, unsigned row, unsigned column) {
  return Philox<kRounds>(
      BlockCounter(offset, use, batch, row / 16, column / 16, row % 8, column % 8 / 2), keys);
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

// Whether dropout keeps the two elements of a word: bit 15 is set where it keeps that of the low
// half, bit 31 of the high one. 15 bits of each half are compared with p * 2^15, so that one
// addition serves both: `offset` is (2^15 - p * 2^15) * (2^16 + 1).
__device__ __forceinline__ unsigned KeepSigns(unsigned word, unsigned offset) {
  return (word & 0x7FFF7FFF) + offset;
}

// All ones in each half of a word whose element is kept, else zeros; `signs` of KeepSigns.
__device__ __forceinline__ unsigned KeepHalves(unsigned signs) {
#ifdef __CUDA_ARCH__
  unsigned mask;
  asm("prmt.b32 %0, %1, 0, 0xBB99;" : "=r"(mask) : "r"(signs));
  return mask;
#else
  return (signs >> 15 & 1) * 0xFFFFu + (signs >> 31) * 0xFFFF0000u;
#endif
}

// KeepSigns of each word of a block.
__device__ __forceinline__ PhiloxWords KeepSigns(PhiloxWords block, unsigned offset) {
#pragma unroll
  for (int w = 0; w < 4; ++w) block.word[w] = KeepSigns(block.word[w], offset);
  return block;
}

// The 8 elements of a block that dropout keeps, one bit each, from the signs of its words: bit 2 *
// w of the low half of word w, bit 2 * w + 1 of its high half.
__device__ __forceinline__ unsigned BitsOfSigns(const PhiloxWords& signs) {
  unsigned bits = 0;
#pragma unroll
  for (int w = 0; w < 4; ++w) {
    bits |= ((signs.word[w] >> 15 & 1) | (signs.word[w] >> 30 & 2)) << (2 * w);
  }
  return bits;
}

// The same from the words.
__device__ __forceinline__ unsigned KeepBits(const PhiloxWords& block, unsigned offset) {
  return BitsOfSigns(KeepSigns(block, offset));
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_RANDOM_BITS_CUH_
