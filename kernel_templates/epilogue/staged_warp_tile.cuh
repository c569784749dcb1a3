// Takes the accumulators of a warp tile from MMA fragments to rows: through shared memory,
// 16 rows at a time, so that lanes end up with neighbouring columns and global accesses are
// as wide as alignment admits and coalesced even where it admits single elements.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_STAGED_WARP_TILE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_STAGED_WARP_TILE_CUH_

#include "common/memory.cuh"

namespace tilewright {

// kInterleavedRows, kInterleavedColumns: the rows or columns of each block of 16 come in the
// order 0, 2, .., 14 | 1, 3, .., 15.
template <int kWarpM, int kWarpN, bool kInterleavedRows, bool kInterleavedColumns>
class StagedWarpTile {
 public:
  // Padding of 8 words: the 8-byte stores of half a warp then touch every bank once.
  static constexpr int kRowWords = kWarpN + 8;
  static constexpr int kBytes = 16 * kRowWords * 4;

  // Calls visit(values, row, column, slot) for every vector of kWidth neighbouring columns
  // that this lane owns; row and column count from the warp tile's corner. `slot` numbers
  // the distinct columns a lane meets: it is a constant once loops are unrolled.
  // `staging` is the warp's own kBytes, 16-byte aligned.
  template <int kWidth, typename Accumulator, typename Visitor>
  __device__ __forceinline__ static void Visit(
      const Accumulator (&sums)[kWarpM / 16][kWarpN / 8][4], void* staging, Visitor visit) {
    Accumulator* words = static_cast<Accumulator*>(staging);
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int block = 0; block < kWarpM / 16; ++block) {
      __syncwarp();
      Store(sums[block], words, lane);
      __syncwarp();
      constexpr int kVectors = 16 * kWarpN / kWidth;
      static_assert(kVectors % 32 == 0);
#pragma unroll
      for (int first = 0; first < kVectors; first += 32) {
        const int row = (first + lane) / (kWarpN / kWidth);
        const int column = (first + lane) % (kWarpN / kWidth) * kWidth;
        Accumulator values[kWidth];
        Load(values, words + row * kRowWords + column);
        visit(values, block * 16 + row, column, first / 32 % Slots<kWidth>());
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
