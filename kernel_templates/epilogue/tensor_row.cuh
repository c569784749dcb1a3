// Runs of neighbouring elements of one row of a tensor: packed in registers, read and
// written with the widest access that their place admits.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TENSOR_ROW_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TENSOR_ROW_CUH_

#include "common/memory.cuh"
#include "common/types.cuh"

namespace tilewright {

// Words that hold kWidth elements.
template <Type kType, int kWidth>
inline constexpr int kPackedWords = kWidth* BytesOf(kType) < 4 ? 1 : kWidth* BytesOf(kType) / 4;

template <Type kType>
__device__ __forceinline__ float LoadElement(const void* base, long long index) {
  if constexpr (BytesOf(kType) == 1) {
    return FloatFromBits<kType>(static_cast<const unsigned char*>(base)[index]);
  } else if constexpr (BytesOf(kType) == 2) {
    return FloatFromBits<kType>(static_cast<const unsigned short*>(base)[index]);
  } else {
    return FloatFromBits<kType>(static_cast<const unsigned*>(base)[index]);
  }
}

// The bits of element i of a packed row.
template <Type kType>
__device__ __forceinline__ unsigned UnpackElement(const unsigned* words, int i) {
  if constexpr (BytesOf(kType) == 1) {
    return words[i / 4] >> (8 * (i % 4)) & 0xFF;
  } else if constexpr (BytesOf(kType) == 2) {
    return i % 2 == 0 ? words[i / 2] & 0xFFFF : words[i / 2] >> 16;
  } else {
    return words[i];
  }
}

// Elements index .. index + kWidth - 1 of `base`, packed, of which `count` exist; zeros beyond.
template <Type kType, int kAccess, int kWidth>
__device__ __forceinline__ void LoadPackedRow(unsigned (&words)[kPackedWords<kType, kWidth>],
                                              const void* base, long long index, int count) {
  constexpr int kElementBytes = BytesOf(kType);
  constexpr int kPerWord = 4 / kElementBytes;
  const char* from = static_cast<const char*>(base) + index * kElementBytes;
  if (count >= kWidth) {
    LoadWords<kWidth * kElementBytes, kAccess>(from, words);
    return;
  }
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    unsigned element[1] = {};
    if (i < count) LoadWords<kElementBytes, kElementBytes>(from + i * kElementBytes, element);
    const unsigned bits = element[0] << (8 * kElementBytes * (i % kPerWord) % 32);
    words[i / kPerWord] = i % kPerWord == 0 ? bits : words[i / kPerWord] | bits;
  }
}

template <Type kType, int kWidth>
__device__ __forceinline__ void UnpackRow(float (&values)[kWidth],
                                          const unsigned (&words)[kPackedWords<kType, kWidth>]) {
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    values[i] = FloatFromBits<kType>(UnpackElement<kType>(words, i));
  }
}

template <Type kType, int kAccess, int kWidth>
__device__ __forceinline__ void LoadRow(float (&values)[kWidth], const void* base, long long index,
                                        int count) {
  unsigned words[kPackedWords<kType, kWidth>];
  LoadPackedRow<kType, kAccess, kWidth>(words, base, index, count);
  UnpackRow<kType, kWidth>(values, words);
}

// Stores the first `count` of them, all where there are more.
template <Type kType, int kAccess, int kWidth>
__device__ __forceinline__ void StoreRow(void* base, long long index,
                                         const unsigned (&words)[kPackedWords<kType, kWidth>],
                                         int count) {
  constexpr int kBytes = kWidth * BytesOf(kType);
  char* target = static_cast<char*>(base) + index * BytesOf(kType);
  if (count >= kWidth) {
    StoreWords<kBytes, kAccess>(target, words);
  } else {
#pragma unroll
    for (int i = 0; i < kWidth - 1; ++i) {
      if (i < count) {
        const unsigned bits[1] = {UnpackElement<kType>(words, i)};
        StoreWords<BytesOf(kType), BytesOf(kType)>(target + i * BytesOf(kType), bits);
      }
    }
  }
}

// Rounds to nearest even and packs; fp8 saturates.
template <Type kType, int kWidth>
__device__ __forceinline__ void RoundNearest(unsigned (&words)[kPackedWords<kType, kWidth>],
                                             const float (&values)[kWidth]) {
  if constexpr (BytesOf(kType) == 4) {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) words[i] = __float_as_uint(values[i]);
  } else if constexpr (kWidth == 1) {
    words[0] = BitsFromFloat<kType>(values[0]);
  } else {
#pragma unroll
    for (int i = 0; i < kWidth; i += 2) {
      const unsigned pair = PackedFromFloats<kType>(values[i], values[i + 1]);
      if constexpr (BytesOf(kType) == 1) {
        words[i / 4] = i % 4 == 0 ? pair : words[i / 4] | pair << 16;
      } else {
        words[i / 2] = pair;
      }
    }
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TENSOR_ROW_CUH_
