// Sums that the tensor core made in fp16, two neighbouring columns to a word, as the epilogue
// takes them.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_FP16_SUMS_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_FP16_SUMS_CUH_

namespace tilewright {

// Of kTiles times 8 columns: {row r; row r + 8} of each become {row r twice, row r + 8 twice}.
template <int kTiles>
__device__ __forceinline__ void Widen(const unsigned (&sums)[kTiles][2], float (&wide)[kTiles][4]) {
#pragma unroll
  for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      asm("{.reg .b16 low, high; mov.b32 {low, high}, %2;\n"
          "cvt.f32.f16 %0, low; cvt.f32.f16 %1, high;}"
          : "=f"(wide[tile][half * 2]), "=f"(wide[tile][half * 2 + 1])
          : "r"(sums[tile][half]));
    }
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_FP16_SUMS_CUH_
