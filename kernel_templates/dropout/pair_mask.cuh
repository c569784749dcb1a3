// Which elements of two rows dropout keeps, computed or read.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_PAIR_MASK_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_PAIR_MASK_CUH_

#include "abi/ceil_div.h"
#include "common/random_bits.cuh"
#include "dropout/fused_dropout_spec.cuh"
#include "dropout/row_pair.cuh"

namespace tilewright {

// 16 random bits an element. A thread of 16 columns makes the four calls that serve them in both
// rows. With 8 columns two neighbours make two calls each, with 4 columns four neighbours one
// each, and hand each other the words of the other's columns.
template <FusedDropoutSpec kSpec, FusedDropoutConfig kConfig>
class RandomMask {
 public:
  static constexpr bool kHasHalves = true;

  // Called by whole warps.
  __device__ __forceinline__ void Make(const FusedDropoutArgs& args, const RowPair<kConfig>& pair,
                                       int slot) {
    MakeWords(args, pair.row, pair.Column(slot), words_[slot]);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
#pragma unroll
      for (int i = 0; i < kVector / 2; ++i) {
        words_[slot][half][i] = KeepSigns(words_[slot][half][i], args.dropout_offset);
      }
    }
  }

  __device__ __forceinline__ bool Keeps(int half, int slot, int i) const {
    return words_[slot][half][i / 2] & (i % 2 == 0 ? 0x8000u : 0x80000000u);
  }

  // All ones in the half of elements 2 * pair and 2 * pair + 1 that is kept.
  __device__ __forceinline__ unsigned Halves(int half, int slot, int pair) const {
    return KeepHalves(words_[slot][half][pair]);
  }

 private:
  static constexpr int kVector = kConfig.vector;

  __device__ __forceinline__ static PhiloxWords Call(const FusedDropoutArgs& args, unsigned row,
                                                     unsigned column) {
    return RandomBlock<kSpec.dropout_rounds>(PhiloxKeysOf(args.seed), args.offset,
                                             RandomUse::kDropout, 0, row, column);
  }

  __device__ __forceinline__ static void MakeWords(const FusedDropoutArgs& args, unsigned row,
                                                   unsigned column,
                                                   unsigned (&words)[2][kVector / 2]) {
    if constexpr (kVector == 16) {
#pragma unroll
      for (int q = 0; q < 4; ++q) {
        const PhiloxWords call = Call(args, row, column + 2 * q);
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          words[half][q] = call.word[2 * half];
          words[half][4 + q] = call.word[2 * half + 1];
        }
      }
    } else {
      constexpr int kCalls = kVector / 4;
      constexpr int kDistance = kVector == 8 ? 1 : 2;
      const bool right = threadIdx.x & kDistance;  // Of the 16 columns, the right 8.
      const unsigned first = column - (right ? 8 - 2 * kCalls : 0);
#pragma unroll
      for (int i = 0; i < kCalls; ++i) {
        const PhiloxWords call = Call(args, row, first + 2 * i);
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          const unsigned left_word = call.word[2 * half];
          const unsigned right_word = call.word[2 * half + 1];
          const unsigned own = right ? right_word : left_word;
          const unsigned other =
              __shfl_xor_sync(0xFFFFFFFF, right ? left_word : right_word, kDistance);
          words[half][i] = right ? other : own;
          words[half][kCalls + i] = right ? own : other;
        }
      }
    }
  }

  unsigned words_[kConfig.slots][2][kVector / 2];
};

// Bytes of a row of a stored mask.
__device__ __forceinline__ long long MaskStride(unsigned columns) {
  return 2ll * CeilDiv(static_cast<int>(columns), 16);
}

// What an earlier launch has stored.
template <FusedDropoutConfig kConfig>
class StoredMask {
 public:
  static constexpr bool kHasHalves = false;

  __device__ __forceinline__ void Make(const FusedDropoutArgs& args, const RowPair<kConfig>& pair,
                                       int slot) {
    const unsigned column = pair.Column(slot);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const unsigned char* row = args.mask + pair.Row(half) * MaskStride(pair.columns);
      unsigned bits = 0;
      if (pair.HasRow(half) && column < pair.columns) {
        bits = row[column / 8];
        // A row has an even number of bytes.
        if constexpr (kConfig.vector == 16) bits |= row[column / 8 + 1] << 8;
      }
      bits_[slot][half] = kConfig.vector == 4 ? bits >> column % 8 : bits;
    }
  }

  __device__ __forceinline__ bool Keeps(int half, int slot, int i) const {
    return bits_[slot][half] & 1u << i;
  }

 private:
  unsigned bits_[kConfig.slots][2];
};

// Without dropout everything is kept, and nothing is paid for it.
struct FullMask {
  static constexpr bool kHasHalves = false;

  template <typename Pair>
  __device__ __forceinline__ void Make(const FusedDropoutArgs&, const Pair&, int) {}
  __device__ __forceinline__ static constexpr bool Keeps(int, int, int) { return true; }
};

template <bool kDrops, bool kReads, FusedDropoutSpec kSpec, FusedDropoutConfig kConfig>
struct MaskSelection {
  using type = RandomMask<kSpec, kConfig>;
};
template <FusedDropoutSpec kSpec, FusedDropoutConfig kConfig>
struct MaskSelection<true, true, kSpec, kConfig> {
  using type = StoredMask<kConfig>;
};
template <bool kReads, FusedDropoutSpec kSpec, FusedDropoutConfig kConfig>
struct MaskSelection<false, kReads, kSpec, kConfig> {
  using type = FullMask;
};

template <FusedDropoutSpec kSpec, FusedDropoutConfig kConfig>
using PairMask = typename MaskSelection<(kSpec.dropout_rounds > 0), ReadsMask(kSpec, kConfig),
                                        kSpec, kConfig>::type;

// Makes the bits of all slots.
template <FusedDropoutConfig kConfig, typename Mask>
__device__ __forceinline__ void MakeMask(const FusedDropoutArgs& args, const RowPair<kConfig>& pair,
                                         Mask& mask) {
#pragma unroll
  for (int slot = 0; slot < kConfig.slots; ++slot) mask.Make(args, pair, slot);
}

// As StoreVector, of 16-bit elements, and what is not kept becomes 0: two elements at once, once
// they are packed.
template <Type kType, int kAccess, FusedDropoutConfig kConfig, typename Mask>
__device__ __forceinline__ void StoreKept(void* base, long long stride,
                                          const RowPair<kConfig>& pair, int half, int slot,
                                          const float (&values)[kConfig.vector], const Mask& mask) {
  static_assert(IsHalfWidth(kType));
  unsigned words[kPackedWords<kType, kConfig.vector>];
  RoundNearest<kType>(words, values);
#pragma unroll
  for (int i = 0; i < kConfig.vector / 2; ++i) words[i] &= mask.Halves(half, slot, i);
  StoreWordsOf<kType, kAccess>(base, stride, pair, half, slot, words);
}

// Stores a slot of the mask of a pair, the bits beyond the last column as 0. Called by whole warps.
template <FusedDropoutConfig kConfig, typename Mask>
__device__ __forceinline__ void StoreMask(const FusedDropoutArgs& args,
                                          const RowPair<kConfig>& pair, const Mask& mask,
                                          int slot) {
  constexpr int kVector = kConfig.vector;
  const unsigned column = pair.Column(slot);
  const unsigned exist = (1u << pair.Count(slot)) - 1;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    unsigned bits = 0;
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      if (mask.Keeps(half, slot, i)) bits |= 1u << i;
    }
    bits &= exist;
    // Two threads of 4 columns share a byte; the left one stores it.
    if constexpr (kVector == 4) bits |= __shfl_xor_sync(0xFFFFFFFF, bits, 1) << 4;
    const long long stride = MaskStride(pair.columns);
    if (!pair.HasRow(half) || column / 8 >= stride || column % 8 != 0) continue;
    unsigned char* to = args.mask + pair.Row(half) * stride + column / 8;
    to[0] = static_cast<unsigned char>(bits);
    if constexpr (kVector == 16) to[1] = static_cast<unsigned char>(bits >> 8);
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_PAIR_MASK_CUH_
