// Philox-4x32: a counter-based generator, so that random bits are a pure function of where
// they are used.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_PHILOX_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_PHILOX_CUH_

#include "abi/kernel_args.h"

namespace tilewright {

struct PhiloxWords {
  unsigned word[4];
};

// Both words of factor * value. As a product of 64-bit integers each would cost an addition more:
// the compiler adds what the upper words contribute, which is 0.
__device__ __forceinline__ void MultiplyWide(unsigned factor, unsigned value, unsigned& low,
                                             unsigned& high) {
#ifdef __CUDA_ARCH__
  asm("{.reg .b64 product; mul.wide.u32 product, %2, %3; mov.b64 {%0, %1}, product;}"
      : "=r"(low), "=r"(high)
      : "r"(value), "r"(factor));
#else
  const unsigned long long product = static_cast<unsigned long long>(factor) * value;
  low = static_cast<unsigned>(product);
  high = static_cast<unsigned>(product >> 32);
#endif
}

// One round over `words`, with its keys.
__device__ __forceinline__ void PhiloxRound(PhiloxWords& words, unsigned low_key,
                                            unsigned high_key) {
  unsigned low0, high0, low1, high1;
  MultiplyWide(0xD2511F53u, words.word[0], low0, high0);
  MultiplyWide(0xCD9E8D57u, words.word[2], low1, high1);
  words = {{high1 ^ words.word[1] ^ low_key, low1, high0 ^ words.word[3] ^ high_key, low0}};
}

// kRounds rounds over `counter`. 7 is the fewest that pass BigCrush.
template <int kRounds>
__device__ __forceinline__ PhiloxWords Philox(PhiloxWords counter, const PhiloxKeys& keys) {
#pragma unroll
  for (int round = 0; round < kRounds; ++round) {
    PhiloxRound(counter, keys.low[round], keys.high[round]);
  }
  return counter;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_PHILOX_CUH_
