// The epilogue of a warp's 16 rows whose D TMA can write and that needs no other tensor row by
// row: it runs on the fragments, rounded elements are staged in shared memory, swizzled, and the
// copy unit takes them from there while the warp goes on.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TMA_WARP_TILE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TMA_WARP_TILE_CUH_

#include "abi/gemm_sm90_config.h"
#include "abi/kernel_args.h"
#include "common/memory.cuh"
#include "common/tma.cuh"
#include "epilogue/epilogue.cuh"

namespace tilewright {

// One warp's view of its staging buffers of kStagingBufferBytes each. kColumns: of the tile.
template <EpilogueSpec kSpec, int kColumns, int kBuffers>
class TmaWarpTile {
 public:
  static constexpr int kBytes = BytesOf(kSpec.d_type);
  // Bytes of a staged row, the box of D's tensor map: one swizzle span.
  static constexpr int kRowBytes = Sm90RowBytes(kColumns, kBytes);

  // `staging`: the warp's own, aligned to 1024 bytes.
  __device__ __forceinline__ explicit TmaWarpTile(unsigned staging) : staging_(staging) {}

  // Starts to store 16 rows of the tile, whose corner is (first_m, first_n).
  template <typename Accumulator>
  __device__ __forceinline__ void Store(const GemmArgs& args, const TensorMap& map, int batch,
                                        int first_m, int first_n,
                                        const Accumulator (&sums)[kColumns / 8][4],
                                        Epilogue<kSpec>& epilogue) {
    const bool is_leader = threadIdx.x % 32 == 0;
    constexpr int kBoxes = kColumns / kBoxColumns;
    // As many boxes to a fence as there are buffers: a fence costs more than it orders.
#pragma unroll
    for (int first = 0; first < kBoxes; first += kBuffers) {
      if (is_leader) WaitForStoreReads<0>();
      __syncwarp();
#pragma unroll
      for (int box = first; box < Min(first + kBuffers, kBoxes); ++box) {
        Fill(args, first_m, first_n + box * kBoxColumns, sums, box * (kBoxColumns / 8),
             staging_ + (box - first) * kStagingBufferBytes, epilogue);
      }
      FenceForCopies();
      __syncwarp();
      if (is_leader) {
#pragma unroll
        for (int box = first; box < Min(first + kBuffers, kBoxes); ++box) {
          StoreBox(map, staging_ + (box - first) * kStagingBufferBytes,
                   first_n + box * kBoxColumns, first_m, batch);
        }
        CommitStores();
      }
    }
  }

  // Shared memory may go once this returns.
  __device__ __forceinline__ static void Finish() { WaitForStoreReads<0>(); }

 private:
  static constexpr int kBoxColumns = kRowBytes / kBytes;

  // Byte offset of 16-byte chunk `chunk` of `row`, as TMA swizzles it.
  __device__ __forceinline__ static unsigned Place(int row, int chunk) {
    constexpr int kChunks = kRowBytes / 16;
    return row * kRowBytes + ((chunk ^ (row / (8 / kChunks) % kChunks)) << 4);
  }

  // The box's part of the fragments, from 8-column tile `first_tile` on.
  template <typename Accumulator>
  __device__ __forceinline__ static void Fill(const GemmArgs& args, int first_m, int first_n,
                                              const Accumulator (&sums)[kColumns / 8][4],
                                              int first_tile, unsigned buffer,
                                              Epilogue<kSpec>& epilogue) {
    const int lane = threadIdx.x % 32;
    // Pairs of 8-column tiles: four 8x8 matrices.
#pragma unroll
    for (int tile = 0; tile < kBoxColumns / 8; tile += 2) {
      unsigned words[4][kPackedWords<kSpec.d_type, 2>];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int row = lane / 4 + i % 2 * 8;
        const int column = (tile + i / 2) * 8 + lane % 4 * 2;
        const Accumulator values[2] = {sums[first_tile + tile + i / 2][i % 2 * 2],
                                       sums[first_tile + tile + i / 2][i % 2 * 2 + 1]};
        const int count = row < args.m - first_m ? args.n - first_n - column : 0;
        epilogue.ComputePair(values, first_m + row, first_n + column, count,
                             epilogue.template LoadColumnBias<2>(first_n + column), words[i]);
      }
      if constexpr (kBytes == 2) {
        const unsigned packed[4] = {words[0][0], words[1][0], words[2][0], words[3][0]};
        StoreMatrices(buffer + Place(lane / 8 % 2 * 8 + lane % 8, tile + lane / 16), packed);
      } else {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const int row = lane / 4 + i % 2 * 8;
          const int chunk = (tile + i / 2) * 2 + lane % 4 / 2;
          StoreSharedPair(buffer + Place(row, chunk) + lane % 2 * 8, words[i][0], words[i][1]);
        }
      }
    }
  }

  const unsigned staging_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TMA_WARP_TILE_CUH_
