#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_CLEAR_SUMS_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_CLEAR_SUMS_CUH_

namespace tilewright {

// Sets all sums that a thread has to 0.
template <typename Sum, int kBlocks, int kTiles, int kWords>
__device__ __forceinline__ void Clear(Sum (&sums)[kBlocks][kTiles][kWords]) {
#pragma unroll
  for (int block = 0; block < kBlocks; ++block) {
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
      for (int i = 0; i < kWords; ++i) sums[block][tile][i] = 0;
    }
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_CLEAR_SUMS_CUH_
