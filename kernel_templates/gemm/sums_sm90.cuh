// The sums of gemm_sm90 in a consumer's registers: of the accumulator's type, or pairs of fp16.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_SUMS_SM90_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_SUMS_SM90_CUH_

#include "common/wgmma.cuh"
#include "common/wgmma_fp16.cuh"
#include "gemm/clear_sums.cuh"

namespace tilewright {

// Type: of kBlocks row blocks by kTiles times 8 columns. Core: the instruction that adds to one
// row block of them.
template <bool kFp16, typename Accumulator>
struct SumsOf {
  template <int kBlocks, int kTiles>
  using Type = Accumulator[kBlocks][kTiles][4];
  template <int kColumns>
  using Core = Wgmma<kColumns>;
};
template <typename Accumulator>
struct SumsOf<true, Accumulator> {
  template <int kBlocks, int kTiles>
  using Type = unsigned[kBlocks][kTiles][2];
  template <int kColumns>
  using Core = WgmmaFp16<kColumns>;
};

// Nobody reads a sum before the products are complete.
template <typename Sum, int kBlocks, int kTiles, int kWords>
__device__ __forceinline__ void Pin(Sum (&sums)[kBlocks][kTiles][kWords]) {
#pragma unroll
  for (int block = 0; block < kBlocks; ++block) {
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
      for (int i = 0; i < kWords; ++i) PinRegister(sums[block][tile][i]);
    }
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_SUMS_SM90_CUH_
