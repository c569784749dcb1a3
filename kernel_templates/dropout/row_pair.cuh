// Where a thread works, and what it has of a tensor there: vectors of two rows that share their
// random bits.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_ROW_PAIR_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_ROW_PAIR_CUH_

#include "abi/fused_dropout_args.h"
#include "abi/fused_dropout_config.h"
#include "common/cp_async.cuh"
#include "dropout/row_walk.cuh"
#include "epilogue/tensor_row.cuh"

namespace tilewright {

// Rows `row` and `row` + 8, and the vectors of a thread in them: those of slot s begin at
// `column` + s * kSlotColumns. Either row, and any column, may lie beyond the last: row_walk.cuh
// says why they fit.
template <FusedDropoutConfig kConfig>
struct RowPair {
  static constexpr int kVector = kConfig.vector;
  static constexpr int kSlots = kConfig.slots;
  static constexpr unsigned kSlotColumns = kConfig.vector * kConfig.column_threads;

  unsigned row;
  unsigned column;
  unsigned rows;
  unsigned columns;

  __device__ __forceinline__ unsigned Row(int half) const { return row + 8 * half; }
  __device__ __forceinline__ bool HasRow(int half) const { return Row(half) < rows; }
  __device__ __forceinline__ unsigned Column(int slot) const {
    return column + slot * kSlotColumns;
  }
  // Elements of the slot that exist; as many as a vector has, where more follow.
  __device__ __forceinline__ int Count(int slot) const {
    const unsigned first = Column(slot);
    const unsigned left = first < columns ? columns - first : 0;
    return left < kVector ? static_cast<int>(left) : kVector;
  }
  __device__ __forceinline__ bool IsWhole(int slot) const {
    return Column(slot) + (kVector - 1) < columns;
  }
  // Whether some vector ends beyond the last column, but begins before it.
  __device__ __forceinline__ bool IsRagged() const {
    if (columns % kVector == 0) return false;
    const unsigned last = columns / kVector * kVector;
    return last >= column && last - column < kSlots * kSlotColumns &&
           (last - column) % kSlotColumns == 0;
  }
};

// Pair `index` of all rows.
template <FusedDropoutConfig kConfig>
__device__ __forceinline__ RowPair<kConfig> PairAt(const FusedDropoutArgs& args,
                                                   unsigned first_column, unsigned index) {
  RowPair<kConfig> pair;
  pair.row = RowOfPair(index);
  pair.column = first_column + threadIdx.x % kConfig.column_threads * kConfig.vector;
  pair.rows = args.rows;
  pair.columns = args.columns;
  return pair;
}

// The pairs of a tile, of which each group of threads has every kGroups-th.
template <FusedDropoutConfig kConfig>
struct TilePairs {
  static constexpr unsigned kGroups = PairsAtOnce(kConfig);
  static constexpr unsigned kPairs = kConfig.tile_m / 2;

  unsigned first;  // Of this thread's group.
  unsigned count;  // Of every group.

  __device__ __forceinline__ TilePairs(const FusedDropoutArgs& args, unsigned tile)
      : first(tile * kPairs + threadIdx.x / kConfig.column_threads),
        count(PairsOfTile<kConfig.tile_m>(args.rows, tile) / kGroups) {}

  __device__ __forceinline__ unsigned Index(unsigned i) const { return first + i * kGroups; }
};

// A thread's vectors of one tensor, as they are stored.
template <FusedDropoutConfig kConfig, Type kType, int kAccess>
class PairTensor {
 public:
  static constexpr int kVector = kConfig.vector;
  static constexpr int kSlots = kConfig.slots;
  static constexpr int kWords = kPackedWords<kType, kVector>;
  static constexpr int kBytes = kVector * BytesOf(kType);
  // Of a slot of both rows, of all threads.
  static constexpr int kPartBytes = 2 * kBytes * kConfig.threads;

  // Zeros beyond the tensor. Whole vectors first, without a branch, so that all of them are on
  // their way together.
  __device__ __forceinline__ void Load(const void* base, long long stride,
                                       const RowPair<kConfig>& pair) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const char* row =
          static_cast<const char*>(base) + (pair.Row(half) * stride + pair.column) * BytesOf(kType);
#pragma unroll
      for (int slot = 0; slot < kSlots; ++slot) {
#pragma unroll
        for (int i = 0; i < kWords; ++i) words_[half][slot][i] = 0;
        if (pair.HasRow(half) && pair.IsWhole(slot)) {
          LoadWords<kBytes, kAccess>(
              row + slot * static_cast<int>(pair.kSlotColumns) * BytesOf(kType),
              words_[half][slot]);
        }
      }
    }
    if (pair.IsRagged()) LoadRagged(base, stride, pair);
  }

  // Starts copies of a slot of both rows to shared memory; zeros beyond the tensor.
  __device__ __forceinline__ static void Copy(const void* base, long long stride,
                                              const RowPair<kConfig>& pair, int slot,
                                              unsigned place) {
    static_assert(kAccess >= 4, "no copy is narrower");
    constexpr int kStep = Min(kAccess, kBytes);
    const int bytes = pair.Count(slot) * BytesOf(kType);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const char* from = static_cast<const char*>(base) +
                         (pair.Row(half) * stride + pair.Column(slot)) * BytesOf(kType);
      const int valid = pair.HasRow(half) ? bytes : 0;
#pragma unroll
      for (int at = 0; at < kBytes; at += kStep) {
        CopyAsyncZeroFill<kStep>(PlaceOf(place, half, at / kChunk) + at % kChunk, from + at,
                                 Max(0, Min(valid - at, kStep)), 1);
      }
    }
  }

  // What was copied there of one of them.
  __device__ __forceinline__ void Read(int half, int slot, unsigned place) {
#pragma unroll
    for (int chunk = 0; chunk < kBytes / kChunk; ++chunk) {
      unsigned words[kChunk / 4];
      LoadSharedWords(words, PlaceOf(place, half, chunk));
#pragma unroll
      for (int i = 0; i < kChunk / 4; ++i) {
        words_[half][slot][chunk * (kChunk / 4) + i] = words[i];
      }
    }
  }

  __device__ __forceinline__ float Value(int half, int slot, int i) const {
    return FloatFromBits<kType>(UnpackElement<kType>(words_[half][slot], i));
  }

 private:
  // Neighbouring threads have neighbouring chunks, so that no two of a quarter of a warp meet in a
  // bank.
  static constexpr int kChunk = Min(16, kBytes);

  __device__ __forceinline__ static unsigned PlaceOf(unsigned place, int half, int chunk) {
    return place + ((half * (kBytes / kChunk) + chunk) * kConfig.threads + threadIdx.x) * kChunk;
  }

  __device__ __forceinline__ void LoadRagged(const void* base, long long stride,
                                             const RowPair<kConfig>& pair) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      if (!pair.HasRow(half)) continue;
#pragma unroll
      for (int slot = 0; slot < kSlots; ++slot) {
        const int count = pair.Count(slot);
        if (count == kVector) continue;
        const long long first = pair.Row(half) * stride + pair.Column(slot);
#pragma unroll
        for (int i = 0; i < kVector - 1; ++i) {
          if (i < count) Insert(half, slot, i, ElementBits(base, first + i));
        }
      }
    }
  }

  __device__ __forceinline__ static unsigned ElementBits(const void* base, long long index) {
    if constexpr (BytesOf(kType) == 2) return static_cast<const unsigned short*>(base)[index];
    return static_cast<const unsigned*>(base)[index];
  }

  __device__ __forceinline__ void Insert(int half, int slot, int i, unsigned bits) {
    if constexpr (BytesOf(kType) == 2) {
      words_[half][slot][i / 2] |= i % 2 == 0 ? bits : bits << 16;
    } else {
      words_[half][slot][i] = bits;
    }
  }

  unsigned words_[2][kSlots][kWords];
};

// Stores a packed vector of the pair, as far as it exists: whole vectors without a branch, and one
// that all threads take alike where the last column cuts some.
template <Type kType, int kAccess, FusedDropoutConfig kConfig>
__device__ __forceinline__ void StoreWordsOf(
    void* base, long long stride, const RowPair<kConfig>& pair, int half, int slot,
    const unsigned (&words)[kPackedWords<kType, kConfig.vector>]) {
  const long long first = pair.Row(half) * stride + pair.Column(slot);
  if (pair.HasRow(half) && pair.IsWhole(slot)) {
    StoreWords<kConfig.vector * BytesOf(kType), kAccess>(
        static_cast<char*>(base) + first * BytesOf(kType), words);
  }
  if (pair.columns % kConfig.vector == 0) return;
  if (pair.HasRow(half) && !pair.IsWhole(slot)) {
    StoreRow<kType, kAccess, kConfig.vector>(base, first, words, pair.Count(slot));
  }
}

// The same of values, which are rounded.
template <Type kType, int kAccess, FusedDropoutConfig kConfig>
__device__ __forceinline__ void StoreVector(void* base, long long stride,
                                            const RowPair<kConfig>& pair, int half, int slot,
                                            const float (&values)[kConfig.vector]) {
  unsigned words[kPackedWords<kType, kConfig.vector>];
  RoundNearest<kType>(words, values);
  StoreWordsOf<kType, kAccess>(base, stride, pair, half, slot, words);
}

// A vector [columns] at the columns of a slot, in fp32; zeros beyond the last. Its base is aligned
// to its elements alone, so that it is looked at before wider accesses are made.
template <Type kType, FusedDropoutConfig kConfig>
__device__ __forceinline__ void LoadColumns(float (&values)[kConfig.vector], const void* base,
                                            const RowPair<kConfig>& pair, int slot) {
  constexpr int kVector = kConfig.vector;
  constexpr int kAccess = Min(16, kVector * BytesOf(kType));
  const bool is_aligned = reinterpret_cast<unsigned long long>(base) % kAccess == 0;
  LoadRow<kType, kAccess>(values, base, pair.Column(slot),
                          is_aligned ? pair.Count(slot) : Min(pair.Count(slot), kVector - 1));
  if (!is_aligned && pair.IsWhole(slot)) {
    values[kVector - 1] = LoadElement<kType>(base, pair.Column(slot) + (kVector - 1));
  }
}

// A thread's part of a vector [columns], kept as it is stored: half the registers of fp32 where it
// has 16 bits.
template <FusedDropoutConfig kConfig, Type kType>
class ColumnTerm {
 public:
  __device__ __forceinline__ void Load(const void* base, const RowPair<kConfig>& pair, int slot) {
    float values[kConfig.vector];
    LoadColumns<kType, kConfig>(values, base, pair, slot);
    RoundNearest<kType>(words_[slot], values);
  }

  __device__ __forceinline__ float Value(int slot, int i) const {
    return FloatFromBits<kType>(UnpackElement<kType>(words_[slot], i));
  }

 private:
  unsigned words_[kConfig.slots][kPackedWords<kType, kConfig.vector>];
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_ROW_PAIR_CUH_
