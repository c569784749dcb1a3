// wgmma with sums in fp16: as wgmma.cuh, at half the registers. PTX ISA, "Register Fragments and
// Shared Memory Matrix Layouts".
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_WGMMA_FP16_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_WGMMA_FP16_CUH_

#include "common/types.cuh"
#include "common/wgmma.cuh"

namespace tilewright {

__device__ __forceinline__ void PinRegister(unsigned& value) { asm volatile("" : "+r"(value)); }

// sums[64 x kN] (+)= a . b, as Wgmma::Run. The sums of 8 columns j are two words: d[j][0] the two
// of row l/4, d[j][1] those of row l/4 + 8, the left one of two neighbours in the low half.
template <int kN>
struct WgmmaFp16;

// "%0, %1, .." and the operands of the first 8, 16, .. columns.
#define TILEWRIGHT_WORDS_8 "%0, %1"
#define TILEWRIGHT_WORDS_16 TILEWRIGHT_WORDS_8 ", %2, %3"
#define TILEWRIGHT_WORDS_24 TILEWRIGHT_WORDS_16 ", %4, %5"
#define TILEWRIGHT_WORDS_32 TILEWRIGHT_WORDS_24 ", %6, %7"
#define TILEWRIGHT_WORDS_40 TILEWRIGHT_WORDS_32 ", %8, %9"
#define TILEWRIGHT_WORDS_48 TILEWRIGHT_WORDS_40 ", %10, %11"
#define TILEWRIGHT_WORDS_56 TILEWRIGHT_WORDS_48 ", %12, %13"
#define TILEWRIGHT_WORDS_64 TILEWRIGHT_WORDS_56 ", %14, %15"
#define TILEWRIGHT_WORDS_72 TILEWRIGHT_WORDS_64 ", %16, %17"
#define TILEWRIGHT_WORDS_80 TILEWRIGHT_WORDS_72 ", %18, %19"
#define TILEWRIGHT_WORDS_88 TILEWRIGHT_WORDS_80 ", %20, %21"
#define TILEWRIGHT_WORDS_96 TILEWRIGHT_WORDS_88 ", %22, %23"
#define TILEWRIGHT_WORDS_104 TILEWRIGHT_WORDS_96 ", %24, %25"
#define TILEWRIGHT_WORDS_112 TILEWRIGHT_WORDS_104 ", %26, %27"
#define TILEWRIGHT_WORDS_120 TILEWRIGHT_WORDS_112 ", %28, %29"
#define TILEWRIGHT_WORDS_128 TILEWRIGHT_WORDS_120 ", %30, %31"
#define TILEWRIGHT_WORDS_136 TILEWRIGHT_WORDS_128 ", %32, %33"
#define TILEWRIGHT_WORDS_144 TILEWRIGHT_WORDS_136 ", %34, %35"
#define TILEWRIGHT_WORDS_152 TILEWRIGHT_WORDS_144 ", %36, %37"
#define TILEWRIGHT_WORDS_160 TILEWRIGHT_WORDS_152 ", %38, %39"
#define TILEWRIGHT_WORDS_168 TILEWRIGHT_WORDS_160 ", %40, %41"
#define TILEWRIGHT_WORDS_176 TILEWRIGHT_WORDS_168 ", %42, %43"
#define TILEWRIGHT_WORDS_184 TILEWRIGHT_WORDS_176 ", %44, %45"
#define TILEWRIGHT_WORDS_192 TILEWRIGHT_WORDS_184 ", %46, %47"
#define TILEWRIGHT_WORDS_200 TILEWRIGHT_WORDS_192 ", %48, %49"
#define TILEWRIGHT_WORDS_208 TILEWRIGHT_WORDS_200 ", %50, %51"
#define TILEWRIGHT_WORDS_216 TILEWRIGHT_WORDS_208 ", %52, %53"
#define TILEWRIGHT_WORDS_224 TILEWRIGHT_WORDS_216 ", %54, %55"
#define TILEWRIGHT_WORDS_232 TILEWRIGHT_WORDS_224 ", %56, %57"
#define TILEWRIGHT_WORDS_240 TILEWRIGHT_WORDS_232 ", %58, %59"
#define TILEWRIGHT_WORDS_248 TILEWRIGHT_WORDS_240 ", %60, %61"
#define TILEWRIGHT_WORDS_256 TILEWRIGHT_WORDS_248 ", %62, %63"
#define TILEWRIGHT_HALVES_8 "+r"(d[0][0]), "+r"(d[0][1])
#define TILEWRIGHT_HALVES_16 TILEWRIGHT_HALVES_8, "+r"(d[1][0]), "+r"(d[1][1])
#define TILEWRIGHT_HALVES_24 TILEWRIGHT_HALVES_16, "+r"(d[2][0]), "+r"(d[2][1])
#define TILEWRIGHT_HALVES_32 TILEWRIGHT_HALVES_24, "+r"(d[3][0]), "+r"(d[3][1])
#define TILEWRIGHT_HALVES_40 TILEWRIGHT_HALVES_32, "+r"(d[4][0]), "+r"(d[4][1])
#define TILEWRIGHT_HALVES_48 TILEWRIGHT_HALVES_40, "+r"(d[5][0]), "+r"(d[5][1])
#define TILEWRIGHT_HALVES_56 TILEWRIGHT_HALVES_48, "+r"(d[6][0]), "+r"(d[6][1])
#define TILEWRIGHT_HALVES_64 TILEWRIGHT_HALVES_56, "+r"(d[7][0]), "+r"(d[7][1])
#define TILEWRIGHT_HALVES_72 TILEWRIGHT_HALVES_64, "+r"(d[8][0]), "+r"(d[8][1])
#define TILEWRIGHT_HALVES_80 TILEWRIGHT_HALVES_72, "+r"(d[9][0]), "+r"(d[9][1])
#define TILEWRIGHT_HALVES_88 TILEWRIGHT_HALVES_80, "+r"(d[10][0]), "+r"(d[10][1])
#define TILEWRIGHT_HALVES_96 TILEWRIGHT_HALVES_88, "+r"(d[11][0]), "+r"(d[11][1])
#define TILEWRIGHT_HALVES_104 TILEWRIGHT_HALVES_96, "+r"(d[12][0]), "+r"(d[12][1])
#define TILEWRIGHT_HALVES_112 TILEWRIGHT_HALVES_104, "+r"(d[13][0]), "+r"(d[13][1])
#define TILEWRIGHT_HALVES_120 TILEWRIGHT_HALVES_112, "+r"(d[14][0]), "+r"(d[14][1])
#define TILEWRIGHT_HALVES_128 TILEWRIGHT_HALVES_120, "+r"(d[15][0]), "+r"(d[15][1])
#define TILEWRIGHT_HALVES_136 TILEWRIGHT_HALVES_128, "+r"(d[16][0]), "+r"(d[16][1])
#define TILEWRIGHT_HALVES_144 TILEWRIGHT_HALVES_136, "+r"(d[17][0]), "+r"(d[17][1])
#define TILEWRIGHT_HALVES_152 TILEWRIGHT_HALVES_144, "+r"(d[18][0]), "+r"(d[18][1])
#define TILEWRIGHT_HALVES_160 TILEWRIGHT_HALVES_152, "+r"(d[19][0]), "+r"(d[19][1])
#define TILEWRIGHT_HALVES_168 TILEWRIGHT_HALVES_160, "+r"(d[20][0]), "+r"(d[20][1])
#define TILEWRIGHT_HALVES_176 TILEWRIGHT_HALVES_168, "+r"(d[21][0]), "+r"(d[21][1])
#define TILEWRIGHT_HALVES_184 TILEWRIGHT_HALVES_176, "+r"(d[22][0]), "+r"(d[22][1])
#define TILEWRIGHT_HALVES_192 TILEWRIGHT_HALVES_184, "+r"(d[23][0]), "+r"(d[23][1])
#define TILEWRIGHT_HALVES_200 TILEWRIGHT_HALVES_192, "+r"(d[24][0]), "+r"(d[24][1])
#define TILEWRIGHT_HALVES_208 TILEWRIGHT_HALVES_200, "+r"(d[25][0]), "+r"(d[25][1])
#define TILEWRIGHT_HALVES_216 TILEWRIGHT_HALVES_208, "+r"(d[26][0]), "+r"(d[26][1])
#define TILEWRIGHT_HALVES_224 TILEWRIGHT_HALVES_216, "+r"(d[27][0]), "+r"(d[27][1])
#define TILEWRIGHT_HALVES_232 TILEWRIGHT_HALVES_224, "+r"(d[28][0]), "+r"(d[28][1])
#define TILEWRIGHT_HALVES_240 TILEWRIGHT_HALVES_232, "+r"(d[29][0]), "+r"(d[29][1])
#define TILEWRIGHT_HALVES_248 TILEWRIGHT_HALVES_240, "+r"(d[30][0]), "+r"(d[30][1])
#define TILEWRIGHT_HALVES_256 TILEWRIGHT_HALVES_248, "+r"(d[31][0]), "+r"(d[31][1])

// SHAPE: k and the types. REST: what follows the scales.
#define TILEWRIGHT_WGMMA_FP16(N, A, B, ACCUMULATE, SHAPE, REST)          \
  "{.reg .pred p; setp.ne.b32 p, %" #ACCUMULATE                          \
  ", 0;\n"                                                               \
  "wgmma.mma_async.sync.aligned.m64n" #N SHAPE " {" TILEWRIGHT_WORDS_##N \
      "}, %" #A ", %" #B ", p, 1, 1" REST ";}" : TILEWRIGHT_HALVES_##N

#define TILEWRIGHT_DEFINE_WGMMA_FP16(N, A, B, ACCUMULATE, MAJOR_A, MAJOR_B)                   \
  template <>                                                                                 \
  struct WgmmaFp16<N> {                                                                       \
    template <Type kA, Type kB, bool kMnMajorA, bool kMnMajorB>                               \
    __device__ __forceinline__ static void Run(unsigned (&d)[N / 8][2], unsigned long long a, \
                                               unsigned long long b, int accumulate) {        \
      if constexpr (kA == Type::kFp16) {                                                      \
        asm volatile(TILEWRIGHT_WGMMA_FP16(N, A, B, ACCUMULATE, "k16.f16.f16.f16",            \
                                           ", %" #MAJOR_A ", %" #MAJOR_B)                     \
                     : "l"(a), "l"(b), "r"(accumulate), "n"(kMnMajorA), "n"(kMnMajorB)        \
                     : "memory");                                                             \
      } else if constexpr (kA == Type::kE4m3 && kB == Type::kE4m3) {                          \
        asm volatile(TILEWRIGHT_WGMMA_FP16(N, A, B, ACCUMULATE, "k32.f16.e4m3.e4m3", "")      \
                     : "l"(a), "l"(b), "r"(accumulate)                                        \
                     : "memory");                                                             \
      } else if constexpr (kA == Type::kE4m3) {                                               \
        asm volatile(TILEWRIGHT_WGMMA_FP16(N, A, B, ACCUMULATE, "k32.f16.e4m3.e5m2", "")      \
                     : "l"(a), "l"(b), "r"(accumulate)                                        \
                     : "memory");                                                             \
      } else if constexpr (kB == Type::kE4m3) {                                               \
        asm volatile(TILEWRIGHT_WGMMA_FP16(N, A, B, ACCUMULATE, "k32.f16.e5m2.e4m3", "")      \
                     : "l"(a), "l"(b), "r"(accumulate)                                        \
                     : "memory");                                                             \
      } else {                                                                                \
        static_assert(kA == Type::kE5m2 && kB == Type::kE5m2);                                \
        asm volatile(TILEWRIGHT_WGMMA_FP16(N, A, B, ACCUMULATE, "k32.f16.e5m2.e5m2", "")      \
                     : "l"(a), "l"(b), "r"(accumulate)                                        \
                     : "memory");                                                             \
      }                                                                                       \
    }                                                                                         \
  };

#if TILEWRIGHT_HAS_WGMMA(8)
TILEWRIGHT_DEFINE_WGMMA_FP16(8, 2, 3, 4, 5, 6)
#endif
#if TILEWRIGHT_HAS_WGMMA(16)
TILEWRIGHT_DEFINE_WGMMA_FP16(16, 4, 5, 6, 7, 8)
#endif
#if TILEWRIGHT_HAS_WGMMA(24)
TILEWRIGHT_DEFINE_WGMMA_FP16(24, 6, 7, 8, 9, 10)
#endif
#if TILEWRIGHT_HAS_WGMMA(32)
TILEWRIGHT_DEFINE_WGMMA_FP16(32, 8, 9, 10, 11, 12)
#endif
#if TILEWRIGHT_HAS_WGMMA(40)
TILEWRIGHT_DEFINE_WGMMA_FP16(40, 10, 11, 12, 13, 14)
#endif
#if TILEWRIGHT_HAS_WGMMA(48)
TILEWRIGHT_DEFINE_WGMMA_FP16(48, 12, 13, 14, 15, 16)
#endif
#if TILEWRIGHT_HAS_WGMMA(56)
TILEWRIGHT_DEFINE_WGMMA_FP16(56, 14, 15, 16, 17, 18)
#endif
#if TILEWRIGHT_HAS_WGMMA(64)
TILEWRIGHT_DEFINE_WGMMA_FP16(64, 16, 17, 18, 19, 20)
#endif
#if TILEWRIGHT_HAS_WGMMA(72)
TILEWRIGHT_DEFINE_WGMMA_FP16(72, 18, 19, 20, 21, 22)
#endif
#if TILEWRIGHT_HAS_WGMMA(80)
TILEWRIGHT_DEFINE_WGMMA_FP16(80, 20, 21, 22, 23, 24)
#endif
#if TILEWRIGHT_HAS_WGMMA(88)
TILEWRIGHT_DEFINE_WGMMA_FP16(88, 22, 23, 24, 25, 26)
#endif
#if TILEWRIGHT_HAS_WGMMA(96)
TILEWRIGHT_DEFINE_WGMMA_FP16(96, 24, 25, 26, 27, 28)
#endif
#if TILEWRIGHT_HAS_WGMMA(104)
TILEWRIGHT_DEFINE_WGMMA_FP16(104, 26, 27, 28, 29, 30)
#endif
#if TILEWRIGHT_HAS_WGMMA(112)
TILEWRIGHT_DEFINE_WGMMA_FP16(112, 28, 29, 30, 31, 32)
#endif
#if TILEWRIGHT_HAS_WGMMA(120)
TILEWRIGHT_DEFINE_WGMMA_FP16(120, 30, 31, 32, 33, 34)
#endif
#if TILEWRIGHT_HAS_WGMMA(128)
TILEWRIGHT_DEFINE_WGMMA_FP16(128, 32, 33, 34, 35, 36)
#endif
#if TILEWRIGHT_HAS_WGMMA(136)
TILEWRIGHT_DEFINE_WGMMA_FP16(136, 34, 35, 36, 37, 38)
#endif
#if TILEWRIGHT_HAS_WGMMA(144)
TILEWRIGHT_DEFINE_WGMMA_FP16(144, 36, 37, 38, 39, 40)
#endif
#if TILEWRIGHT_HAS_WGMMA(152)
TILEWRIGHT_DEFINE_WGMMA_FP16(152, 38, 39, 40, 41, 42)
#endif
#if TILEWRIGHT_HAS_WGMMA(160)
TILEWRIGHT_DEFINE_WGMMA_FP16(160, 40, 41, 42, 43, 44)
#endif
#if TILEWRIGHT_HAS_WGMMA(168)
TILEWRIGHT_DEFINE_WGMMA_FP16(168, 42, 43, 44, 45, 46)
#endif
#if TILEWRIGHT_HAS_WGMMA(176)
TILEWRIGHT_DEFINE_WGMMA_FP16(176, 44, 45, 46, 47, 48)
#endif
#if TILEWRIGHT_HAS_WGMMA(184)
TILEWRIGHT_DEFINE_WGMMA_FP16(184, 46, 47, 48, 49, 50)
#endif
#if TILEWRIGHT_HAS_WGMMA(192)
TILEWRIGHT_DEFINE_WGMMA_FP16(192, 48, 49, 50, 51, 52)
#endif
#if TILEWRIGHT_HAS_WGMMA(200)
TILEWRIGHT_DEFINE_WGMMA_FP16(200, 50, 51, 52, 53, 54)
#endif
#if TILEWRIGHT_HAS_WGMMA(208)
TILEWRIGHT_DEFINE_WGMMA_FP16(208, 52, 53, 54, 55, 56)
#endif
#if TILEWRIGHT_HAS_WGMMA(216)
TILEWRIGHT_DEFINE_WGMMA_FP16(216, 54, 55, 56, 57, 58)
#endif
#if TILEWRIGHT_HAS_WGMMA(224)
TILEWRIGHT_DEFINE_WGMMA_FP16(224, 56, 57, 58, 59, 60)
#endif
#if TILEWRIGHT_HAS_WGMMA(232)
TILEWRIGHT_DEFINE_WGMMA_FP16(232, 58, 59, 60, 61, 62)
#endif
#if TILEWRIGHT_HAS_WGMMA(240)
TILEWRIGHT_DEFINE_WGMMA_FP16(240, 60, 61, 62, 63, 64)
#endif
#if TILEWRIGHT_HAS_WGMMA(248)
TILEWRIGHT_DEFINE_WGMMA_FP16(248, 62, 63, 64, 65, 66)
#endif
#if TILEWRIGHT_HAS_WGMMA(256)
TILEWRIGHT_DEFINE_WGMMA_FP16(256, 64, 65, 66, 67, 68)
#endif

#undef TILEWRIGHT_DEFINE_WGMMA_FP16
#undef TILEWRIGHT_WGMMA_FP16

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_WGMMA_FP16_CUH_
