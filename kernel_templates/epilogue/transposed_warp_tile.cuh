// Takes the accumulators of a warp's 16 core rows to rows of D where the core computed D^T:
// core rows are columns of D.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TRANSPOSED_WARP_TILE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TRANSPOSED_WARP_TILE_CUH_

#include "common/memory.cuh"
#include "epilogue/dropout.cuh"

namespace tilewright {

// kRows: rows of D, core columns, that are staged at once. kMasked: with their mask, in the
// padding.
template <int kRows, bool kMasked = false>
class TransposedWarpTile {
 public:
  // Padding of 4 words: the stores of a warp, 8 rows by 4 pairs of columns, touch every bank once.
  // The first has the mask.
  static constexpr int kRowWords = 16 + 4;
  static constexpr int kBytes = kRows * kRowWords * 4;
  static_assert(!kMasked || kRows % 16 == 0);

  // Calls visit(values, row, column, keep) for every vector of kWidth neighbouring columns of D
  // that this lane owns, counted from the tile's corner: the columns are the same each time.
  // `keep`, mask_of: as StagedWarpTile has them. `staging` is the warp's own kBytes.
  template <int kWidth, typename Accumulator, typename MaskOf, typename Visitor>
  __device__ __forceinline__ static void Visit(const Accumulator (&sums)[kRows / 8][4],
                                               void* staging, MaskOf mask_of, Visitor visit) {
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
    if constexpr (kMasked) {
      auto* const bytes = static_cast<unsigned char*>(staging);
#pragma unroll
      for (int block = 0; block < kRows; block += 16) {
        bytes[((block + lane / 4) * kRowWords + 16) * 4 + lane % 4] =
            static_cast<unsigned char>(mask_of(block, 0));
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
      unsigned keep = kKeepAll;
      if constexpr (kMasked) {
        const unsigned word =
            static_cast<const unsigned*>(staging)[(row / 16 * 16 + row % 8) * kRowWords + 16];
        keep = KeepBitsOfRow(word, row, column) >> column % 8;
      }
      visit(values, row, column, keep);
    }
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TRANSPOSED_WARP_TILE_CUH_
