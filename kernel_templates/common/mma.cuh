// Warp-level matrix instructions (sm_80 and later) and the loads of their fragments.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_MMA_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_MMA_CUH_

#include "common/types.cuh"

namespace tilewright {

// Type of the accumulator registers of an input type.
template <Type kType>
struct AccumulatorOf {
  using type = float;
};
template <>
struct AccumulatorOf<Type::kInt8> {
  using type = int;
};

// A thread's sums of 16 x 8: rows r and r + 8, two columns each, packed where they are fp16.
template <bool kFp16, typename Accumulator>
struct SumsOfTile {
  using type = Accumulator[4];
};
template <typename Accumulator>
struct SumsOfTile<true, Accumulator> {
  using type = unsigned[2];
};

// Four 8x8 matrices of 16-bit elements; lane 8i + r names row r of matrix i.
__device__ __forceinline__ void LoadMatrices(unsigned (&words)[4], unsigned address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(address)
               : "memory");
}

__device__ __forceinline__ void LoadMatricesTransposed(unsigned (&words)[4], unsigned address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(address)
               : "memory");
}

// Transposes an 8x8 matrix of 16-bit elements that a warp has as one of a fragment: two neighbours
// of row lane / 4 to a lane.
__device__ __forceinline__ unsigned TransposeMatrix(unsigned pair) {
  unsigned transposed;
  asm("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(transposed) : "r"(pair));
  return transposed;
}

__device__ __forceinline__ unsigned LoadSharedWord(unsigned address) {
  unsigned word;
  asm volatile("ld.shared.u32 %0, [%1];" : "=r"(word) : "r"(address) : "memory");
  return word;
}

// accumulator[16 x 8] += a[16 x 32 bytes] . b[32 bytes x 8]. Every input type takes k in
// steps of 32 bytes, with fragments that lie alike in registers.
template <Type kType, typename Accumulator>
__device__ __forceinline__ void Mma(Accumulator (&c)[4], const unsigned (&a)[4], unsigned b0,
                                    unsigned b1) {
  if constexpr (kType == Type::kBf16) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
        "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  } else if constexpr (kType == Type::kFp16) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, "
        "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  } else if constexpr (kType == Type::kTf32) {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, "
        "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  } else {
    static_assert(kType == Type::kInt8);
    asm volatile(
        "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, "
        "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
}

// The same of fp16 with sums in fp16.
template <Type kType>
__device__ __forceinline__ void Mma(unsigned (&c)[2], const unsigned (&a)[4], unsigned b0,
                                    unsigned b1) {
  static_assert(kType == Type::kFp16);
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%0, %1}, "
      "{%2, %3, %4, %5}, {%6, %7}, {%0, %1};"
      : "+r"(c[0]), "+r"(c[1])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_MMA_CUH_
