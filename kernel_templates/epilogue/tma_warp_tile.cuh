// The epilogue of fragments whose D TMA can write and that needs no other tensor element by
// element: it runs on the fragments, rounded elements are staged in shared memory, swizzled, and
// the copy unit takes them from there while the warps go on.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TMA_WARP_TILE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TMA_WARP_TILE_CUH_

#include "abi/gemm_sm90_config.h"
#include "abi/kernel_args.h"
#include "common/memory.cuh"
#include "common/tma.cuh"
#include "epilogue/epilogue.cuh"

namespace tilewright {

// Byte offset of 16-byte chunk `chunk` of a staged row of kRowBytes, 128, 64 or 32, as TMA
// swizzles it: the chunk's number changes with the group of 128 bytes that the row lies in.
template <int kRowBytes>
__device__ __forceinline__ unsigned StagedPlace(int row, int chunk) {
  constexpr int kChunks = kRowBytes / 16;
  return row * kRowBytes + ((chunk ^ (row * kRowBytes / 128 % kChunks)) << 4);
}

// Where box `box` of `size` elements begins in a tile of `extent`: the last one where it still
// ends within.
constexpr int BoxBegin(int box, int size, int extent) { return Min(box * size, extent - size); }

// A warp's 16 rows of D by kColumns, in boxes of 16 rows of kBoxBytes. `staging`, in all calls:
// the warp's own kBuffers of kStagingBufferBytes, aligned to 1024 bytes.
template <EpilogueSpec kSpec, int kColumns, int kBoxBytes, int kBuffers>
class TmaWarpTile {
 public:
  // Starts to store the rows whose corner is (first_m, first_n).
  template <typename Accumulator>
  __device__ __forceinline__ static void Store(const GemmArgs& args, const TensorMap& map,
                                               int batch, int first_m, int first_n,
                                               const Accumulator (&sums)[kColumns / 8][4],
                                               unsigned staging, Epilogue<kSpec>& epilogue) {
    const bool is_leader = threadIdx.x % 32 == 0;
    // As many boxes to a fence as there are buffers: a fence costs more than it orders.
#pragma unroll
    for (int first = 0; first < kBoxes; first += kBuffers) {
      if (is_leader) WaitForStoreReads<0>();
      __syncwarp();
#pragma unroll
      for (int box = first; box < Min(first + kBuffers, kBoxes); ++box) {
        const int column = BoxBegin(box, kBoxColumns, kColumns);
        Fill(args, first_m, first_n + column, sums, column / 8,
             staging + (box - first) * kStagingBufferBytes, epilogue);
      }
      FenceForCopies();
      __syncwarp();
      if (is_leader) {
#pragma unroll
        for (int box = first; box < Min(first + kBuffers, kBoxes); ++box) {
          StoreBox(map, staging + (box - first) * kStagingBufferBytes,
                   first_n + BoxBegin(box, kBoxColumns, kColumns), first_m, batch);
        }
        CommitStores();
      }
    }
  }

 private:
  static constexpr int kBytes = BytesOf(kSpec.d_type);
  static constexpr int kBoxColumns = kBoxBytes / kBytes;
  static constexpr int kBoxes = CeilDiv(kColumns, kBoxColumns);

  // The box's part of the fragments, from 8-column tile `first_tile` on.
  template <typename Accumulator>
  __device__ __forceinline__ static void Fill(const GemmArgs& args, int first_m, int first_n,
                                              const Accumulator (&sums)[kColumns / 8][4],
                                              int first_tile, unsigned buffer,
                                              Epilogue<kSpec>& epilogue) {
    const int lane = threadIdx.x % 32;
    const float row_factors[2] = {epilogue.LoadRowFactor(first_m + lane / 4),
                                  epilogue.LoadRowFactor(first_m + lane / 4 + 8)};
    // Pairs of 8-column tiles: four 8x8 matrices.
#pragma unroll
    for (int tile = 0; tile < kBoxColumns / 8; tile += 2) {
      unsigned words[4][kPackedWords<kSpec.d_type, 2>];
      const int first_column = first_n + tile * 8 + lane % 4 * 2;
      const typename Epilogue<kSpec>::template ColumnTerms<2> terms[2] = {
          epilogue.template LoadColumnTerms<2>(first_column),
          epilogue.template LoadColumnTerms<2>(first_column + 8)};
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int row = lane / 4 + i % 2 * 8;
        const int column = (tile + i / 2) * 8 + lane % 4 * 2;
        const Accumulator values[2] = {sums[first_tile + tile + i / 2][i % 2 * 2],
                                       sums[first_tile + tile + i / 2][i % 2 * 2 + 1]};
        const int count = row < args.m - first_m ? args.n - first_n - column : 0;
        epilogue.ComputePair(values, first_m + row, first_n + column, count, row_factors[i % 2],
                             terms[i / 2], words[i]);
      }
      if constexpr (kBytes == 2) {
        const unsigned packed[4] = {words[0][0], words[1][0], words[2][0], words[3][0]};
        StoreMatrices(
            buffer + StagedPlace<kBoxBytes>(lane / 8 % 2 * 8 + lane % 8, tile + lane / 16), packed);
      } else if constexpr (kBytes == 1) {
        // stmatrix moves 16 bits: pairs of bytes, which would have to change lanes before. Stored
        // one by one they touch every bank once.
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const int row = lane / 4 + i % 2 * 8;
          StoreSharedHalf(buffer + StagedPlace<kBoxBytes>(row, tile / 2) + i / 2 * 8 + lane % 4 * 2,
                          words[i][0]);
        }
      } else {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const int row = lane / 4 + i % 2 * 8;
          const int chunk = (tile + i / 2) * 2 + lane % 4 / 2;
          StoreSharedPair(buffer + StagedPlace<kBoxBytes>(row, chunk) + lane % 2 * 8, words[i][0],
                          words[i][1]);
        }
      }
    }
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TMA_WARP_TILE_CUH_
