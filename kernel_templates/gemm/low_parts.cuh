// fp32 as two tf32 numbers: the upper 19 bits, which are what the tensor core reads of an fp32
// number, and what they leave. x * y is then high * high + high * low + low * high up to low * low,
// 2^-20 of it at most (Ootomo and Yokota 2022, arXiv 2203.03341).
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_LOW_PARTS_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_LOW_PARTS_CUH_

#include "common/memory.cuh"

namespace tilewright {

// Threads of a block that split: the warps beside that of the copying thread.
inline constexpr int kSplitThreads = 96;

// The low part of `word`, rounded to the 19 bits that are read of it: the difference is exact, of
// 13 bits, and half of the last place read is added before the rest is ignored. Zero for zero; of
// an infinite number it is none, and its product NaN.
__device__ __forceinline__ unsigned LowPart(unsigned word) {
  constexpr unsigned kRead = 0xFFFFE000;
  constexpr unsigned kHalfPlace = 0x00001000;
  return __float_as_uint(__uint_as_float(word) - __uint_as_float(word & kRead)) + kHalfPlace;
}

// The low parts of the kBytes at `high` go to the same places from `low` on, whatever their order;
// `thread` is one of kThreads. kBatch loads of 16 bytes are under way at a time: one alone would
// wait for shared memory as long as the tensor core takes for a stage.
template <int kBytes, int kThreads, int kBatch>
__device__ __forceinline__ void WriteLowParts(unsigned high, unsigned low, int thread) {
  constexpr int kStep = kThreads * 16;
#pragma unroll 1
  for (int first = thread * 16; first < kBytes; first += kBatch * kStep) {
    unsigned words[kBatch][4];
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      LoadSharedFour(words[i], high + Min(first + i * kStep, kBytes - 16));
    }
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) words[i][j] = LowPart(words[i][j]);
      if (first + i * kStep < kBytes) StoreSharedFour(low + first + i * kStep, words[i]);
    }
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_LOW_PARTS_CUH_
