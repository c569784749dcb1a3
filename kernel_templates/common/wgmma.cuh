// Warpgroup-level matrix instructions (sm_90a): both factors come from shared memory, the sums
// stay in the registers of 128 threads. PTX ISA, "Asynchronous warpgroup level matrix
// instructions".
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_WGMMA_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_WGMMA_CUH_

#include "common/types.cuh"

namespace tilewright {

__device__ __forceinline__ void WgmmaFence() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ __forceinline__ void WgmmaCommit() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
// Waits until at most kPending of the latest groups are still under way.
template <int kPending>
__device__ __forceinline__ void WgmmaWait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
}

// Keeps the compiler from moving uses of a sum across this place.
__device__ __forceinline__ void PinRegister(float& value) { asm volatile("" : "+f"(value)); }
__device__ __forceinline__ void PinRegister(int& value) { asm volatile("" : "+r"(value)); }

// Descriptor of a matrix in shared memory whose rows, of kRowBytes (32, 64 or 128), lie as a
// TMA load with that swizzle leaves them. `group_stride`: bytes from one group of 8 rows to the
// next. `block_stride`: bytes from one block of kRowBytes columns to the next, where rows run
// along m or n; else unused.
template <int kRowBytes>
__device__ __forceinline__ unsigned long long MatrixDescriptor(unsigned address, int group_stride,
                                                               int block_stride) {
  constexpr unsigned long long kSwizzle = kRowBytes == 128 ? 1 : kRowBytes == 64 ? 2 : 3;
  return static_cast<unsigned long long>((address & 0x3FFFF) >> 4) |
         static_cast<unsigned long long>(block_stride >> 4) << 16 |
         static_cast<unsigned long long>(group_stride >> 4) << 32 | kSwizzle << 62;
}

// sums[64 x kN] (+)= a[64 x 32 bytes] . b[32 bytes x kN]; `accumulate` 0 overwrites the sums. The
// thread of lane l in warp w of the four owns, of each 8 columns j, sums[j] = {row l/4, columns
// 2(l%4), +1; row l/4 + 8, the same columns} of the 16 rows 16w: as a warp does of m16n8.
// kMnMajor: the operand is contiguous along m or n; 16-bit types alone.
template <int kN>
struct Wgmma;

// "%0, %1, .." and the operands of the first 8, 16, .. columns.
#define TILEWRIGHT_NAMES_8 "%0, %1, %2, %3"
#define TILEWRIGHT_NAMES_16 TILEWRIGHT_NAMES_8 ", %4, %5, %6, %7"
#define TILEWRIGHT_NAMES_24 TILEWRIGHT_NAMES_16 ", %8, %9, %10, %11"
#define TILEWRIGHT_NAMES_32 TILEWRIGHT_NAMES_24 ", %12, %13, %14, %15"
#define TILEWRIGHT_NAMES_40 TILEWRIGHT_NAMES_32 ", %16, %17, %18, %19"
#define TILEWRIGHT_NAMES_48 TILEWRIGHT_NAMES_40 ", %20, %21, %22, %23"
#define TILEWRIGHT_NAMES_56 TILEWRIGHT_NAMES_48 ", %24, %25, %26, %27"
#define TILEWRIGHT_NAMES_64 TILEWRIGHT_NAMES_56 ", %28, %29, %30, %31"
#define TILEWRIGHT_NAMES_72 TILEWRIGHT_NAMES_64 ", %32, %33, %34, %35"
#define TILEWRIGHT_NAMES_80 TILEWRIGHT_NAMES_72 ", %36, %37, %38, %39"
#define TILEWRIGHT_NAMES_88 TILEWRIGHT_NAMES_80 ", %40, %41, %42, %43"
#define TILEWRIGHT_NAMES_96 TILEWRIGHT_NAMES_88 ", %44, %45, %46, %47"
#define TILEWRIGHT_NAMES_104 TILEWRIGHT_NAMES_96 ", %48, %49, %50, %51"
#define TILEWRIGHT_NAMES_112 TILEWRIGHT_NAMES_104 ", %52, %53, %54, %55"
#define TILEWRIGHT_NAMES_120 TILEWRIGHT_NAMES_112 ", %56, %57, %58, %59"
#define TILEWRIGHT_NAMES_128 TILEWRIGHT_NAMES_120 ", %60, %61, %62, %63"
#define TILEWRIGHT_NAMES_136 TILEWRIGHT_NAMES_128 ", %64, %65, %66, %67"
#define TILEWRIGHT_NAMES_144 TILEWRIGHT_NAMES_136 ", %68, %69, %70, %71"
#define TILEWRIGHT_NAMES_152 TILEWRIGHT_NAMES_144 ", %72, %73, %74, %75"
#define TILEWRIGHT_NAMES_160 TILEWRIGHT_NAMES_152 ", %76, %77, %78, %79"
#define TILEWRIGHT_NAMES_168 TILEWRIGHT_NAMES_160 ", %80, %81, %82, %83"
#define TILEWRIGHT_NAMES_176 TILEWRIGHT_NAMES_168 ", %84, %85, %86, %87"
#define TILEWRIGHT_NAMES_184 TILEWRIGHT_NAMES_176 ", %88, %89, %90, %91"
#define TILEWRIGHT_NAMES_192 TILEWRIGHT_NAMES_184 ", %92, %93, %94, %95"
#define TILEWRIGHT_NAMES_200 TILEWRIGHT_NAMES_192 ", %96, %97, %98, %99"
#define TILEWRIGHT_NAMES_208 TILEWRIGHT_NAMES_200 ", %100, %101, %102, %103"
#define TILEWRIGHT_NAMES_216 TILEWRIGHT_NAMES_208 ", %104, %105, %106, %107"
#define TILEWRIGHT_NAMES_224 TILEWRIGHT_NAMES_216 ", %108, %109, %110, %111"
#define TILEWRIGHT_NAMES_232 TILEWRIGHT_NAMES_224 ", %112, %113, %114, %115"
#define TILEWRIGHT_NAMES_240 TILEWRIGHT_NAMES_232 ", %116, %117, %118, %119"
#define TILEWRIGHT_NAMES_248 TILEWRIGHT_NAMES_240 ", %120, %121, %122, %123"
#define TILEWRIGHT_NAMES_256 TILEWRIGHT_NAMES_248 ", %124, %125, %126, %127"
#define TILEWRIGHT_SUMS_8(C) C(d[0][0]), C(d[0][1]), C(d[0][2]), C(d[0][3])
#define TILEWRIGHT_SUMS_16(C) TILEWRIGHT_SUMS_8(C), C(d[1][0]), C(d[1][1]), C(d[1][2]), C(d[1][3])
#define TILEWRIGHT_SUMS_24(C) TILEWRIGHT_SUMS_16(C), C(d[2][0]), C(d[2][1]), C(d[2][2]), C(d[2][3])
#define TILEWRIGHT_SUMS_32(C) TILEWRIGHT_SUMS_24(C), C(d[3][0]), C(d[3][1]), C(d[3][2]), C(d[3][3])
#define TILEWRIGHT_SUMS_40(C) TILEWRIGHT_SUMS_32(C), C(d[4][0]), C(d[4][1]), C(d[4][2]), C(d[4][3])
#define TILEWRIGHT_SUMS_48(C) TILEWRIGHT_SUMS_40(C), C(d[5][0]), C(d[5][1]), C(d[5][2]), C(d[5][3])
#define TILEWRIGHT_SUMS_56(C) TILEWRIGHT_SUMS_48(C), C(d[6][0]), C(d[6][1]), C(d[6][2]), C(d[6][3])
#define TILEWRIGHT_SUMS_64(C) TILEWRIGHT_SUMS_56(C), C(d[7][0]), C(d[7][1]), C(d[7][2]), C(d[7][3])
#define TILEWRIGHT_SUMS_72(C) TILEWRIGHT_SUMS_64(C), C(d[8][0]), C(d[8][1]), C(d[8][2]), C(d[8][3])
#define TILEWRIGHT_SUMS_80(C) TILEWRIGHT_SUMS_72(C), C(d[9][0]), C(d[9][1]), C(d[9][2]), C(d[9][3])
#define TILEWRIGHT_SUMS_88(C) \
  TILEWRIGHT_SUMS_80(C), C(d[10][0]), C(d[10][1]), C(d[10][2]), C(d[10][3])
#define TILEWRIGHT_SUMS_96(C) \
  TILEWRIGHT_SUMS_88(C), C(d[11][0]), C(d[11][1]), C(d[11][2]), C(d[11][3])
#define TILEWRIGHT_SUMS_104(C) \
  TILEWRIGHT_SUMS_96(C), C(d[12][0]), C(d[12][1]), C(d[12][2]), C(d[12][3])
#define TILEWRIGHT_SUMS_112(C) \
  TILEWRIGHT_SUMS_104(C), C(d[13][0]), C(d[13][1]), C(d[13][2]), C(d[13][3])
#define TILEWRIGHT_SUMS_120(C) \
  TILEWRIGHT_SUMS_112(C), C(d[14][0]), C(d[14][1]), C(d[14][2]), C(d[14][3])
#define TILEWRIGHT_SUMS_128(C) \
  TILEWRIGHT_SUMS_120(C), C(d[15][0]), C(d[15][1]), C(d[15][2]), C(d[15][3])
#define TILEWRIGHT_SUMS_136(C) \
  TILEWRIGHT_SUMS_128(C), C(d[16][0]), C(d[16][1]), C(d[16][2]), C(d[16][3])
#define TILEWRIGHT_SUMS_144(C) \
  TILEWRIGHT_SUMS_136(C), C(d[17][0]), C(d[17][1]), C(d[17][2]), C(d[17][3])
#define TILEWRIGHT_SUMS_152(C) \
  TILEWRIGHT_SUMS_144(C), C(d[18][0]), C(d[18][1]), C(d[18][2]), C(d[18][3])
#define TILEWRIGHT_SUMS_160(C) \
  TILEWRIGHT_SUMS_152(C), C(d[19][0]), C(d[19][1]), C(d[19][2]), C(d[19][3])
#define TILEWRIGHT_SUMS_168(C) \
  TILEWRIGHT_SUMS_160(C), C(d[20][0]), C(d[20][1]), C(d[20][2]), C(d[20][3])
#define TILEWRIGHT_SUMS_176(C) \
  TILEWRIGHT_SUMS_168(C), C(d[21][0]), C(d[21][1]), C(d[21][2]), C(d[21][3])
#define TILEWRIGHT_SUMS_184(C) \
  TILEWRIGHT_SUMS_176(C), C(d[22][0]), C(d[22][1]), C(d[22][2]), C(d[22][3])
#define TILEWRIGHT_SUMS_192(C) \
  TILEWRIGHT_SUMS_184(C), C(d[23][0]), C(d[23][1]), C(d[23][2]), C(d[23][3])
#define TILEWRIGHT_SUMS_200(C) \
  TILEWRIGHT_SUMS_192(C), C(d[24][0]), C(d[24][1]), C(d[24][2]), C(d[24][3])
#define TILEWRIGHT_SUMS_208(C) \
  TILEWRIGHT_SUMS_200(C), C(d[25][0]), C(d[25][1]), C(d[25][2]), C(d[25][3])
#define TILEWRIGHT_SUMS_216(C) \
  TILEWRIGHT_SUMS_208(C), C(d[26][0]), C(d[26][1]), C(d[26][2]), C(d[26][3])
#define TILEWRIGHT_SUMS_224(C) \
  TILEWRIGHT_SUMS_216(C), C(d[27][0]), C(d[27][1]), C(d[27][2]), C(d[27][3])
#define TILEWRIGHT_SUMS_232(C) \
  TILEWRIGHT_SUMS_224(C), C(d[28][0]), C(d[28][1]), C(d[28][2]), C(d[28][3])
#define TILEWRIGHT_SUMS_240(C) \
  TILEWRIGHT_SUMS_232(C), C(d[29][0]), C(d[29][1]), C(d[29][2]), C(d[29][3])
#define TILEWRIGHT_SUMS_248(C) \
  TILEWRIGHT_SUMS_240(C), C(d[30][0]), C(d[30][1]), C(d[30][2]), C(d[30][3])
#define TILEWRIGHT_SUMS_256(C) \
  TILEWRIGHT_SUMS_248(C), C(d[31][0]), C(d[31][1]), C(d[31][2]), C(d[31][3])

#define TILEWRIGHT_WGMMA_MAJOR(N, A, B, ACCUMULATE, MAJOR_A, MAJOR_B, SHAPE, C)       \
  asm volatile("{.reg .pred p; setp.ne.b32 p, %" #ACCUMULATE                          \
               ", 0;\n"                                                               \
               "wgmma.mma_async.sync.aligned.m64n" #N SHAPE " {" TILEWRIGHT_NAMES_##N \
               "}, %" #A ", %" #B ", p, 1, 1, %" #MAJOR_A ", %" #MAJOR_B ";}"         \
               : TILEWRIGHT_SUMS_##N(C)                                               \
               : "l"(a), "l"(b), "r"(accumulate), "n"(kMnMajorA), "n"(kMnMajorB)      \
               : "memory")

#define TILEWRIGHT_WGMMA_PLAIN(N, A, B, ACCUMULATE, SHAPE, SIGNS, C)                  \
  asm volatile("{.reg .pred p; setp.ne.b32 p, %" #ACCUMULATE                          \
               ", 0;\n"                                                               \
               "wgmma.mma_async.sync.aligned.m64n" #N SHAPE " {" TILEWRIGHT_NAMES_##N \
               "}, %" #A ", %" #B ", p" SIGNS ";}"                                    \
               : TILEWRIGHT_SUMS_##N(C)                                               \
               : "l"(a), "l"(b), "r"(accumulate)                                      \
               : "memory")

#define TILEWRIGHT_DEFINE_WGMMA(N, A, B, ACCUMULATE, MAJOR_A, MAJOR_B)                            \
  template <>                                                                                     \
  struct Wgmma<N> {                                                                               \
    template <Type kA, Type kB, bool kMnMajorA, bool kMnMajorB, typename Sum>                     \
    __device__ __forceinline__ static void Run(Sum (&d)[N / 8][4], unsigned long long a,          \
                                               unsigned long long b, int accumulate) {            \
      if constexpr (kA == Type::kBf16) {                                                          \
        TILEWRIGHT_WGMMA_MAJOR(N, A, B, ACCUMULATE, MAJOR_A, MAJOR_B, "k16.f32.bf16.bf16", "+f"); \
      } else if constexpr (kA == Type::kFp16) {                                                   \
        TILEWRIGHT_WGMMA_MAJOR(N, A, B, ACCUMULATE, MAJOR_A, MAJOR_B, "k16.f32.f16.f16", "+f");   \
      } else if constexpr (kA == Type::kTf32) {                                                   \
        TILEWRIGHT_WGMMA_PLAIN(N, A, B, ACCUMULATE, "k8.f32.tf32.tf32", ", 1, 1", "+f");          \
      } else if constexpr (kA == Type::kInt8) {                                                   \
        TILEWRIGHT_WGMMA_PLAIN(N, A, B, ACCUMULATE, "k32.s32.s8.s8", "", "+r");                   \
      } else if constexpr (kA == Type::kE4m3 && kB == Type::kE4m3) {                              \
        TILEWRIGHT_WGMMA_PLAIN(N, A, B, ACCUMULATE, "k32.f32.e4m3.e4m3", ", 1, 1", "+f");         \
      } else if constexpr (kA == Type::kE4m3) {                                                   \
        TILEWRIGHT_WGMMA_PLAIN(N, A, B, ACCUMULATE, "k32.f32.e4m3.e5m2", ", 1, 1", "+f");         \
      } else if constexpr (kB == Type::kE4m3) {                                                   \
        TILEWRIGHT_WGMMA_PLAIN(N, A, B, ACCUMULATE, "k32.f32.e5m2.e4m3", ", 1, 1", "+f");         \
      } else {                                                                                    \
        static_assert(kA == Type::kE5m2 && kB == Type::kE5m2);                                    \
        TILEWRIGHT_WGMMA_PLAIN(N, A, B, ACCUMULATE, "k32.f32.e5m2.e5m2", ", 1, 1", "+f");         \
      }                                                                                           \
    }                                                                                             \
  };

// A source that needs one number of columns alone says so before it includes this: parsing all
// of them takes a sixth of a compile.
#ifdef TILEWRIGHT_WGMMA_COLUMNS
#define TILEWRIGHT_HAS_WGMMA(N) (N == TILEWRIGHT_WGMMA_COLUMNS)
#else
#define TILEWRIGHT_HAS_WGMMA(N) 1
#endif

#if TILEWRIGHT_HAS_WGMMA(8)
TILEWRIGHT_DEFINE_WGMMA(8, 4, 5, 6, 7, 8)
#endif
#if TILEWRIGHT_HAS_WGMMA(16)
TILEWRIGHT_DEFINE_WGMMA(16, 8, 9, 10, 11, 12)
#endif
#if TILEWRIGHT_HAS_WGMMA(24)
TILEWRIGHT_DEFINE_WGMMA(24, 12, 13, 14, 15, 16)
#endif
#if TILEWRIGHT_HAS_WGMMA(32)
TILEWRIGHT_DEFINE_WGMMA(32, 16, 17, 18, 19, 20)
#endif
#if TILEWRIGHT_HAS_WGMMA(40)
TILEWRIGHT_DEFINE_WGMMA(40, 20, 21, 22, 23, 24)
#endif
#if TILEWRIGHT_HAS_WGMMA(48)
TILEWRIGHT_DEFINE_WGMMA(48, 24, 25, 26, 27, 28)
#endif
#if TILEWRIGHT_HAS_WGMMA(56)
TILEWRIGHT_DEFINE_WGMMA(56, 28, 29, 30, 31, 32)
#endif
#if TILEWRIGHT_HAS_WGMMA(64)
TILEWRIGHT_DEFINE_WGMMA(64, 32, 33, 34, 35, 36)
#endif
#if TILEWRIGHT_HAS_WGMMA(72)
TILEWRIGHT_DEFINE_WGMMA(72, 36, 37, 38, 39, 40)
#endif
#if TILEWRIGHT_HAS_WGMMA(80)
TILEWRIGHT_DEFINE_WGMMA(80, 40, 41, 42, 43, 44)
#endif
#if TILEWRIGHT_HAS_WGMMA(88)
TILEWRIGHT_DEFINE_WGMMA(88, 44, 45, 46, 47, 48)
#endif
#if TILEWRIGHT_HAS_WGMMA(96)
TILEWRIGHT_DEFINE_WGMMA(96, 48, 49, 50, 51, 52)
#endif
#if TILEWRIGHT_HAS_WGMMA(104)
TILEWRIGHT_DEFINE_WGMMA(104, 52, 53, 54, 55, 56)
#endif
#if TILEWRIGHT_HAS_WGMMA(112)
TILEWRIGHT_DEFINE_WGMMA(112, 56, 57, 58, 59, 60)
#endif
#if TILEWRIGHT_HAS_WGMMA(120)
TILEWRIGHT_DEFINE_WGMMA(120, 60, 61, 62, 63, 64)
#endif
#if TILEWRIGHT_HAS_WGMMA(128)
TILEWRIGHT_DEFINE_WGMMA(128, 64, 65, 66, 67, 68)
#endif
#if TILEWRIGHT_HAS_WGMMA(136)
TILEWRIGHT_DEFINE_WGMMA(136, 68, 69, 70, 71, 72)
#endif
#if TILEWRIGHT_HAS_WGMMA(144)
TILEWRIGHT_DEFINE_WGMMA(144, 72, 73, 74, 75, 76)
#endif
#if TILEWRIGHT_HAS_WGMMA(152)
TILEWRIGHT_DEFINE_WGMMA(152, 76, 77, 78, 79, 80)
#endif
#if TILEWRIGHT_HAS_WGMMA(160)
TILEWRIGHT_DEFINE_WGMMA(160, 80, 81, 82, 83, 84)
#endif
#if TILEWRIGHT_HAS_WGMMA(168)
TILEWRIGHT_DEFINE_WGMMA(168, 84, 85, 86, 87, 88)
#endif
#if TILEWRIGHT_HAS_WGMMA(176)
TILEWRIGHT_DEFINE_WGMMA(176, 88, 89, 90, 91, 92)
#endif
#if TILEWRIGHT_HAS_WGMMA(184)
TILEWRIGHT_DEFINE_WGMMA(184, 92, 93, 94, 95, 96)
#endif
#if TILEWRIGHT_HAS_WGMMA(192)
TILEWRIGHT_DEFINE_WGMMA(192, 96, 97, 98, 99, 100)
#endif
#if TILEWRIGHT_HAS_WGMMA(200)
TILEWRIGHT_DEFINE_WGMMA(200, 100, 101, 102, 103, 104)
#endif
#if TILEWRIGHT_HAS_WGMMA(208)
TILEWRIGHT_DEFINE_WGMMA(208, 104, 105, 106, 107, 108)
#endif
#if TILEWRIGHT_HAS_WGMMA(216)
TILEWRIGHT_DEFINE_WGMMA(216, 108, 109, 110, 111, 112)
#endif
#if TILEWRIGHT_HAS_WGMMA(224)
TILEWRIGHT_DEFINE_WGMMA(224, 112, 113, 114, 115, 116)
#endif
#if TILEWRIGHT_HAS_WGMMA(232)
TILEWRIGHT_DEFINE_WGMMA(232, 116, 117, 118, 119, 120)
#endif
#if TILEWRIGHT_HAS_WGMMA(240)
TILEWRIGHT_DEFINE_WGMMA(240, 120, 121, 122, 123, 124)
#endif
#if TILEWRIGHT_HAS_WGMMA(248)
TILEWRIGHT_DEFINE_WGMMA(248, 124, 125, 126, 127, 128)
#endif
#if TILEWRIGHT_HAS_WGMMA(256)
TILEWRIGHT_DEFINE_WGMMA(256, 128, 129, 130, 131, 132)
#endif

#undef TILEWRIGHT_DEFINE_WGMMA
#undef TILEWRIGHT_WGMMA_PLAIN
#undef TILEWRIGHT_WGMMA_MAJOR

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_WGMMA_CUH_
