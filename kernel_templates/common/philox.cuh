// Philox-4x32: a counter-based generator, so that random bits are a pure function of where
// they are used.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_PHILOX_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_PHILOX_CUH_

namespace tilewright {

struct PhiloxWords {
  unsigned word[4];
};

// kRounds rounds over counter (c0 low) with `key`. 7 is the fewest that pass BigCrush.
template <int kRounds>
__device__ __forceinline__ PhiloxWords Philox(unsigned c0, unsigned c1, unsigned c2,
                                              unsigned c3, unsigned long long key) {
  unsigned k0 = static_cast<unsigned>(key);
  unsigned k1 = static_cast<unsigned>(key >> 32);
#pragma unroll
  for (int round = 0; round < kRounds; ++round) {
    const unsigned long long product0 = 0xD2511F53ull * c0;
    const unsigned long long product1 = 0xCD9E8D57ull * c2;
    const unsigned next0 = static_cast<unsigned>(product1 >> 32) ^ c1 ^ k0;
    const unsigned next2 = static_cast<unsigned>(product0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<unsigned>(product1);
    c3 = static_cast<unsigned>(product0);
    c0 = next0;
    c2 = next2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_PHILOX_CUH_
