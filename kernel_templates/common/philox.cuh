// Philox-4x32: a counter-based generator, so that random bits are a pure function of where
// they are used.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_PHILOX_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_PHILOX_CUH_

namespace tilewright {

struct PhiloxWords {
  unsigned word[4];
};

// Both words of factor * value. As a product of 64-bit integers each would cost an addition more:
// the compiler adds what the upper words contribute, which is 0.
__device__ __forceinline__ void MultiplyWide(unsigned factor, unsigned value, unsigned& low,
                                             unsigned& high) {
  asm("{.reg .b64 product; mul.wide.u32 product, %2, %3; mov.b64 {%0, %1}, product;}"
      : "=r"(low), "=r"(high)
      : "r"(value), "r"(factor));
}

// kRounds rounds over counter (c0 low) with `key`. 7 is the fewest that pass BigCrush.
template <int kRounds>
__device__ __forceinline__ PhiloxWords Philox(unsigned c0, unsigned c1, unsigned c2,
                                              unsigned c3, unsigned long long key) {
  unsigned k0 = static_cast<unsigned>(key);
  unsigned k1 = static_cast<unsigned>(key >> 32);
#pragma unroll
  for (int round = 0; round < kRounds; ++round) {
    unsigned low0, high0, low1, high1;
    MultiplyWide(0xD2511F53u, c0, low0, high0);
    MultiplyWide(0xCD9E8D57u, c2, low1, high1);
    c0 = high1 ^ c1 ^ k0;
    c2 = high0 ^ c3 ^ k1;
    c1 = low1;
    c3 = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_PHILOX_CUH_
