// Takes the accumulators of a warp's 16 core rows to rows of D where the core computed D^T:
// core rows are columns of D.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TRANSPOSED_WARP_TILE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TRANSPOSED_WARP_TILE_CUH_

#include "common/memory.cuh"

namespace tilewright {

// kRows: rows of D, core columns, that are staged at once.
template <int kRows>
class TransposedWarpTile {
 public:
  // Padding of 4 words: the stores of a warp, 8 rows by 4 pairs of columns, touch every bank once.
  static constexpr int kRowWords = 16 + 4;
  static constexpr int kBytes = kRows * kRowWords * 4;

  // Calls visit(values, row, column) for every vector of kWidth neighbouring columns of D that
  // this lane owns, counted from the tile's corner. `staging` is the warp's own kBytes.
  template <int kWidth, typename Accumulator, typename Visitor>
  __device__ __forceinline__ static void Visit(const Accumulator (&sums)[kRows / 8][4],
                                               void* staging, Visitor visit) {
    Accumulator* words = static_cast<Accumulator*>(staging);
    const int lane = threadIdx.x % 32;
    __syncwarp();
#pragma unroll
    for (int tile = 0; tile < kRows / 8; ++tile) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int row = tile * 8 + lane % 4 * 2 + i % 2;
        words[row * kRowWords + lane / 4 + i / 2 * 8] = sums[tile][i];
      }
    }
    __syncwarp();
    constexpr int kPerRow = 16 / kWidth;
#pragma unroll
    for (int first = 0; first < kRows * kPerRow; first += 32) {
      const int row = (first + lane) / kPerRow;
      const int column = (first + lane) % kPerRow * kWidth;
      if (row >= kRows) continue;
      Accumulator values[kWidth];
#pragma unroll
      for (int i = 0; i < kWidth; ++i) values[i] = words[row * kRowWords + column + i];
      visit(values, row, column);
    }
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TRANSPOSED_WARP_TILE_CUH_
