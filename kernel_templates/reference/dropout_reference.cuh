// Which elements dropout keeps, by docs/dropout.md: what checks the templates shares no code with
// them.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_DROPOUT_REFERENCE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_DROPOUT_REFERENCE_CUH_

#include "reference/reference_args.h"

namespace tilewright {

// One of the four words of Philox-4x32.
__device__ inline unsigned ReferencePhilox(unsigned (&counter)[4], unsigned long long seed,
                                           int rounds, int word) {
  unsigned keys[2] = {static_cast<unsigned>(seed), static_cast<unsigned>(seed >> 32)};
  for (int round = 0; round < rounds; ++round) {
    const unsigned long long even = counter[0] * 0xD2511F53ull;
    const unsigned long long odd = counter[2] * 0xCD9E8D57ull;
    counter[0] = static_cast<unsigned>(odd >> 32) ^ counter[1] ^ keys[0];
    counter[1] = static_cast<unsigned>(odd);
    counter[2] = static_cast<unsigned>(even >> 32) ^ counter[3] ^ keys[1];
    counter[3] = static_cast<unsigned>(even);
    keys[0] += 0x9E3779B9u;
    keys[1] += 0xBB67AE85u;
  }
  return counter[word];
}

__device__ inline bool ReferenceKeeps(const ReferenceDropout& dropout, long long batch,
                                      long long row, long long column) {
  if (dropout.rounds == 0) return true;
  const long long row_in_block = row % 16;
  const long long column_in_block = column % 16;
  const long long lane = row_in_block % 8 * 4 + column_in_block % 8 / 2;
  unsigned counter[4] = {
      static_cast<unsigned>(column / 16 * 32 + lane), static_cast<unsigned>(row / 16),
      static_cast<unsigned>(dropout.offset),
      static_cast<unsigned>((dropout.offset >> 32) | static_cast<unsigned long long>(batch) << 16)};
  const int word = static_cast<int>(row_in_block / 8 * 2 + column_in_block / 8);
  const unsigned bits = ReferencePhilox(counter, dropout.seed, dropout.rounds, word);
  const unsigned half = column % 2 == 0 ? bits & 0xFFFFu : bits >> 16;
  return half % 32768 >= dropout.threshold;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_DROPOUT_REFERENCE_CUH_
