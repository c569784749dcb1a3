// Takes the accumulators of a warp tile from MMA fragments to rows: through shared memory,
// 16 rows at a time, so that lanes end up with neighbouring columns and global accesses are
// as wide as alignment admits and coalesced even where it admits single elements.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_STAGED_WARP_TILE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_STAGED_WARP_TILE_CUH_

#include "common/memory.cuh"
#include "epilogue/column_sums.cuh"
#include "epilogue/dropout.cuh"

namespace tilewright {

// In the place of a mask where there is none.
struct NoMask {
  __device__ __forceinline__ unsigned operator()(int, int) const { return kKeepAll; }
};

// kMasked: the elements' mask passes through too, in the padding of the rows.
// kInterleavedRows, kInterleavedColumns: the rows or columns of each block of 16 come in the
// order 0, 2, .., 14 | 1, 3, .., 15.
template <int kWarpM, int kWarpN, bool kInterleavedRows, bool kInterleavedColumns,
          bool kMasked = false>
class StagedWarpTile {
 public:
  // Padding of 8 words: the 8-byte stores of half a warp then touch every bank once. It has room
  // for a word of mask for each 16 columns.
  static constexpr int kRowWords = kWarpN + 8;
  static constexpr int kBytes = 16 * kRowWords * 4;
  static_assert(!kMasked || kWarpN <= 128);

  // Calls visit(values, row, column, slot, keep) for every vector of kWidth neighbouring columns
  // that this lane owns; row and column count from the warp tile's corner. `slot` numbers
  // the distinct columns a lane meets: it is a constant once loops are unrolled. Bit i of `keep`
  // is element i's of the mask, whose blocks mask_of(row, column) gives: DropoutMask::OfLane of
  // the 16x16 block that begins there. Not called unless kMasked.
  // `staging` is the warp's own kBytes, 16-byte aligned.
  template <int kWidth, typename Accumulator, typename MaskOf, typename Visitor>
  __device__ __forceinline__ static void Visit(
      const Accumulator (&sums)[kWarpM / 16][kWarpN / 8][4], void* staging, MaskOf mask_of,
      Visitor visit) {
    Accumulator* words = static_cast<Accumulator*>(staging);
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int block = 0; block < kWarpM / 16; ++block) {
      __syncwarp();
      Store(sums[block], words, lane);
      if constexpr (kMasked) {
        auto* const bytes = static_cast<unsigned char*>(staging);
#pragma unroll
        for (int group = 0; group < kWarpN / 16; ++group) {
          bytes[(lane / 4 * kRowWords + kWarpN + group) * 4 + lane % 4] =
              static_cast<unsigned char>(mask_of(block * 16, group * 16));
        }
      }
      __syncwarp();
      constexpr int kVectors = 16 * kWarpN / kWidth;
      static_assert(kVectors % 32 == 0);
#pragma unroll
      for (int first = 0; first < kVectors; first += 32) {
        const int row = (first + lane) / (kWarpN / kWidth);
        const int column = (first + lane) % (kWarpN / kWidth) * kWidth;
        Accumulator values[kWidth];
        Load(values, words + row * kRowWords + column);
        unsigned keep = kKeepAll;
        if constexpr (kMasked) {
          const unsigned word =
              static_cast<const unsigned*>(staging)[row % 8 * kRowWords + kWarpN + column / 16];
          keep = KeepBitsOfRow(word, row, column) >> column % 8;
        }
        visit(values, block * 16 + row, column, first / 32 % Slots<kWidth>(), keep);
      }
    }
  }

  // Leaves the sums of the columns that a lane met in each slot, of rows first_m .. first_m + kRows
  // - 1 of D, in the workspace. Lanes that met the same columns are a power of two apart.
  template <int kRows, int kWidth, int kSlots>
  __device__ __forceinline__ static void StoreColumnSums(const GemmArgs& args, int batch,
                                                         int first_m, int first_n,
                                                         const float (&sums)[kSlots][kWidth]) {
    constexpr int kPerRow = Min(kWarpN / kWidth, 32);
    // Else slots would share columns.
    static_assert((kPerRow & (kPerRow - 1)) == 0 && kWarpN / kWidth % kPerRow == 0);
    if (first_m >= args.m) return;
    float* const to = ColumnSumsOf<kRows>(args, batch, first_m);
#pragma unroll
    for (int slot = 0; slot < kSlots; ++slot) {
      const int column = first_n + ColumnOfSlot<kWidth>(slot);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        const float sum = SumLanes<kPerRow>(sums[slot][i]);
        if (threadIdx.x % 32 < kPerRow && column + i < args.n) to[column + i] = sum;
      }
    }
  }

  // After this many vectors a lane is back in the same columns.
  template <int kWidth>
  static constexpr int Slots() {
    constexpr int kPerRow = kWarpN / kWidth;
    int slots = 1;
    while (32 * slots % kPerRow != 0) ++slots;
    return slots;
  }

  // The columns of a slot.
  template <int kWidth>
  __device__ __forceinline__ static int ColumnOfSlot(int slot) {
    return (slot * 32 + static_cast<int>(threadIdx.x % 32)) % (kWarpN / kWidth) * kWidth;
  }

 private:
  template <typename Accumulator>
  __device__ __forceinline__ static void Store(const Accumulator (&sums)[kWarpN / 8][4],
                                               Accumulator* words, int lane) {
    const int group = lane / 4;
    const int pair = lane % 4;
#pragma unroll
    for (int tile = 0; tile < kWarpN / 8; ++tile) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = kInterleavedRows ? 2 * group + half : group + 8 * half;
        Accumulator* to = words + row * kRowWords;
        const Accumulator low = sums[tile][half * 2];
        const Accumulator high = sums[tile][half * 2 + 1];
        if constexpr (kInterleavedColumns) {
          to += tile / 2 * 16 + pair * 4 + tile % 2;
          to[0] = low;
          to[2] = high;
        } else {
          struct alignas(8) Two {
            Accumulator low, high;
          };
          *reinterpret_cast<Two*>(to + tile * 8 + pair * 2) = {low, high};
        }
      }
    }
  }

  template <int kWidth, typename Accumulator>
  __device__ __forceinline__ static void Load(Accumulator (&values)[kWidth],
                                              const Accumulator* from) {
    constexpr int kStep = Min(kWidth, 4);
    struct alignas(4 * kStep) Group {
      Accumulator value[kStep];
    };
#pragma unroll
    for (int i = 0; i < kWidth; i += kStep) {
      const Group group = *reinterpret_cast<const Group*>(from + i);
#pragma unroll
      for (int j = 0; j < kStep; ++j) values[i + j] = group.value[j];
    }
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_STAGED_WARP_TILE_CUH_
