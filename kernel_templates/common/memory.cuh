// Global and shared memory accesses of a stated width.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_MEMORY_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_MEMORY_CUH_

#include "abi/ceil_div.h"

namespace tilewright {

constexpr int Min(int a, int b) { return a < b ? a : b; }
constexpr int Max(int a, int b) { return a > b ? a : b; }

// Address of shared memory as the instructions take it.
__device__ __forceinline__ unsigned SharedAddress(const void* pointer) {
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}

// Reads kBytes into `words` with accesses of kAccess bytes, to which `source` is aligned.
// Fewer than 4 bytes fill the low bits of one word.
template <int kBytes, int kAccess>
__device__ __forceinline__ void LoadWords(const void* source,
                                          unsigned (&words)[kBytes < 4 ? 1 : kBytes / 4]) {
  const char* from = static_cast<const char*>(source);
  constexpr int kStep = kAccess < kBytes ? kAccess : kBytes;
#pragma unroll
  for (int at = 0; at < kBytes; at += kStep) {
    if constexpr (kStep == 16) {
      const uint4 value = *reinterpret_cast<const uint4*>(from + at);
      words[at / 4] = value.x;
      words[at / 4 + 1] = value.y;
      words[at / 4 + 2] = value.z;
      words[at / 4 + 3] = value.w;
    } else if constexpr (kStep == 8) {
      const uint2 value = *reinterpret_cast<const uint2*>(from + at);
      words[at / 4] = value.x;
      words[at / 4 + 1] = value.y;
    } else if constexpr (kStep == 4) {
      words[at / 4] = *reinterpret_cast<const unsigned*>(from + at);
    } else if constexpr (kStep == 2) {
      const unsigned value = *reinterpret_cast<const unsigned short*>(from + at);
      words[at / 4] = at % 4 == 0 ? value : words[at / 4] | value << 16;
    } else {
      const unsigned value = *reinterpret_cast<const unsigned char*>(from + at);
      words[at / 4] = at % 4 == 0 ? value : words[at / 4] | value << (8 * (at % 4));
    }
  }
}

// Writes kBytes of `words` with accesses of kAccess bytes, to which `target` is aligned.
template <int kBytes, int kAccess>
__device__ __forceinline__ void StoreWords(void* target,
                                           const unsigned (&words)[kBytes < 4 ? 1 : kBytes / 4]) {
  char* to = static_cast<char*>(target);
  constexpr int kStep = kAccess < kBytes ? kAccess : kBytes;
#pragma unroll
  for (int at = 0; at < kBytes; at += kStep) {
    if constexpr (kStep == 16) {
      *reinterpret_cast<uint4*>(to + at) =
          make_uint4(words[at / 4], words[at / 4 + 1], words[at / 4 + 2], words[at / 4 + 3]);
    } else if constexpr (kStep == 8) {
      *reinterpret_cast<uint2*>(to + at) = make_uint2(words[at / 4], words[at / 4 + 1]);
    } else if constexpr (kStep == 4) {
      *reinterpret_cast<unsigned*>(to + at) = words[at / 4];
    } else if constexpr (kStep == 2) {
      *reinterpret_cast<unsigned short*>(to + at) =
          static_cast<unsigned short>(words[at / 4] >> (8 * (at % 4)));
    } else {
      static_assert(kStep == 1);
      *reinterpret_cast<unsigned char*>(to + at) =
          static_cast<unsigned char>(words[at / 4] >> (8 * (at % 4)));
    }
  }
}

template <typename Word>
__device__ __forceinline__ void LoadSharedFour(Word (&words)[4], unsigned address) {
  static_assert(sizeof(Word) == 4);
  unsigned bits[4];
  asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(bits[0]), "=r"(bits[1]), "=r"(bits[2]), "=r"(bits[3])
               : "r"(address)
               : "memory");
#pragma unroll
  for (int i = 0; i < 4; ++i) words[i] = __builtin_bit_cast(Word, bits[i]);
}

// 8 or 16 bytes.
template <int kWords>
__device__ __forceinline__ void LoadSharedWords(unsigned (&words)[kWords], unsigned address) {
  static_assert(kWords == 2 || kWords == 4);
  if constexpr (kWords == 4) {
    LoadSharedFour(words, address);
  } else {
    asm volatile("ld.shared.v2.u32 {%0, %1}, [%2];"
                 : "=r"(words[0]), "=r"(words[1])
                 : "r"(address)
                 : "memory");
  }
}

__device__ __forceinline__ void StoreSharedFour(unsigned address, const unsigned (&words)[4]) {
  asm volatile("st.shared.v4.u32 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(words[0]),
               "r"(words[1]), "r"(words[2]), "r"(words[3])
               : "memory");
}

__device__ __forceinline__ void StoreSharedPair(unsigned address, unsigned low, unsigned high) {
  asm volatile("st.shared.v2.u32 [%0], {%1, %2};" ::"r"(address), "r"(low), "r"(high) : "memory");
}

__device__ __forceinline__ void StoreSharedWord(unsigned address, unsigned bits) {
  asm volatile("st.shared.u32 [%0], %1;" ::"r"(address), "r"(bits) : "memory");
}

__device__ __forceinline__ void StoreSharedHalf(unsigned address, unsigned bits) {
  asm volatile("st.shared.u16 [%0], %1;" ::"r"(address), "h"(static_cast<unsigned short>(bits))
               : "memory");
}

__device__ __forceinline__ void StoreSharedByte(unsigned address, unsigned bits) {
  asm volatile("st.shared.u8 [%0], %1;" ::"r"(address), "r"(bits) : "memory");
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_MEMORY_CUH_
