// The epilogue of fragments whose D TMA can write: it runs on the fragments, rounded elements are
// staged in shared memory, swizzled, and the copy unit takes them from there while the warps go on.
// One other tensor of D's shape may pass in boxes alike: an input takes the place in shared memory
// that D's elements then take, an output has its own.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TMA_WARP_TILE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TMA_WARP_TILE_CUH_

#include "abi/gemm_sm90_config.h"
#include "abi/kernel_args.h"
#include "common/memory.cuh"
#include "common/mma.cuh"
#include "common/tma.cuh"
#include "epilogue/boxes_beside.cuh"
#include "epilogue/column_sums.cuh"
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
  // Starts to store the rows whose corner is (first_m, first_n). `turn`, kept from call to call:
  // 1 where the second half of four buffers is next. `beside`: of the other tensor, if there is
  // one.
  template <typename Accumulator, typename Beside>
  __device__ __forceinline__ static void Store(const GemmArgs& args, const TensorMap& map,
                                               int batch, int first_m, int first_n,
                                               const Accumulator (&sums)[kColumns / 8][4],
                                               int& turn, Beside& beside, unsigned staging,
                                               Epilogue<kSpec>& epilogue) {
    const bool is_leader = threadIdx.x % 32 == 0;
    if constexpr (Beside::kDirection == Direction::kNone) {
      // As many boxes to a fence as there are buffers: a fence costs more than it orders.
#pragma unroll
      for (int first = 0; first < kBoxes; first += kRound) {
        const unsigned buffers = staging + turn * kRound * kStagingBufferBytes;
        if (is_leader) WaitForStoreReads<kBuffers == 4 ? 1 : 0>();
        __syncwarp();
#pragma unroll
        for (int box = first; box < Min(first + kRound, kBoxes); ++box) {
          Fill<Beside>(args, batch, first_m, first_n, BoxBegin(box, kBoxColumns, kColumns), sums,
                       buffers + (box - first) * kStagingBufferBytes, 0, epilogue);
        }
        FenceForCopies();
        __syncwarp();
        if (is_leader) {
#pragma unroll
          for (int box = first; box < Min(first + kRound, kBoxes); ++box) {
            StoreBox(map, buffers + (box - first) * kStagingBufferBytes,
                     first_n + BoxBegin(box, kBoxColumns, kColumns), first_m, batch);
          }
          CommitStores();
        }
        if constexpr (kBuffers == 4) turn ^= 1;
      }
    } else {
#pragma unroll
      for (int box = 0; box < kBoxes; ++box) {
        const unsigned buffer = beside.Await(staging, is_leader);
        Fill<Beside>(args, batch, first_m, first_n, box * kBoxColumns, sums, buffer,
                     staging + kStagingBufferBytes, epilogue);
        FenceForCopies();
        __syncwarp();
        if (is_leader) {
          StoreBox(map, buffer, first_n + box * kBoxColumns, first_m, batch);
          if constexpr (Beside::kDirection == Direction::kOut) {
            StoreBox(beside.Map(), staging + kStagingBufferBytes, first_n + box * kBoxColumns,
                     first_m, batch);
          }
          CommitStores();
        }
      }
    }
  }

 private:
  // Boxes of one fence.
  static constexpr int kRound = Min(kBuffers, 2);
  static constexpr int kBytes = BytesOf(kSpec.d_type);
  static constexpr int kBoxColumns = kBoxBytes / kBytes;
  static constexpr int kBoxes = CeilDiv(kColumns, kBoxColumns);

  // The part of the fragments from column `first_column` of the tile on, one box wide. `other`: the
  // buffer of an output beside D.
  template <typename Beside, typename Accumulator>
  __device__ __forceinline__ static void Fill(const GemmArgs& args, int batch, int first_m,
                                              int tile_n, int first_column,
                                              const Accumulator (&sums)[kColumns / 8][4],
                                              unsigned buffer, unsigned other,
                                              Epilogue<kSpec>& epilogue) {
    const int lane = threadIdx.x % 32;
    const int first_tile = first_column / 8;
    const int first_n = tile_n + first_column;
    const float row_factors[2] = {epilogue.LoadRowFactor(first_m + lane / 4),
                                  epilogue.LoadRowFactor(first_m + lane / 4 + 8)};
    float column_sums[kBoxColumns / 8][2] = {};
    // Pairs of 8-column tiles: four 8x8 matrices.
#pragma unroll
    for (int tile = 0; tile < kBoxColumns / 8; tile += 2) {
      const int column_of_lane = first_n + tile * 8 + lane % 4 * 2;
      const typename Epilogue<kSpec>::template ColumnTerms<2> terms[2] = {
          epilogue.template LoadColumnTerms<2>(column_of_lane),
          epilogue.template LoadColumnTerms<2>(column_of_lane + 8)};
      const DropoutMask<kSpec> mask = epilogue.Mask();
      const int column_block = tile_n / 16 + (first_tile + tile) / 2;
      const PhiloxWords block = mask.SignsOfLane(first_m / 16, column_block);
      if constexpr (kSpec.store_mask) {
        mask.StoreBlock(first_m / 16, column_block, BitsOfSigns(block));
      }
      const unsigned place = StagedPlace<kBoxBytes>(lane / 8 % 2 * 8 + lane % 8, tile + lane / 16);
      unsigned words[4][kPackedWords<kSpec.d_type, 2>];
      if constexpr (kSpec.d_type == Type::kInt32) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          words[i][0] = static_cast<unsigned>(sums[first_tile + tile + i / 2][i % 2 * 2]);
          words[i][1] = static_cast<unsigned>(sums[first_tile + tile + i / 2][i % 2 * 2 + 1]);
        }
      } else {
        unsigned beside[4];
        if constexpr (Beside::kDirection == Direction::kIn) LoadMatrices(beside, buffer + place);
        float values[8];
        typename Epilogue<kSpec>::template Neighbours<8> neighbours;
        unsigned signs[4];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const Accumulator pair[2] = {sums[first_tile + tile + i / 2][i % 2 * 2],
                                       sums[first_tile + tile + i / 2][i % 2 * 2 + 1]};
          epilogue.ScalePair(pair, first_m + lane / 4 + i % 2 * 8, row_factors[i % 2], terms[i / 2],
                             values + 2 * i);
          if constexpr (Beside::kDirection == Direction::kIn) {
            Beside::Unpack(beside[i], neighbours, 2 * i);
          }
          signs[i] = block.word[i % 2 * 2 + i / 2];
        }
        epilogue.template Complete<4>(values, neighbours, signs);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const int row = lane / 4 + i % 2 * 8;
          const int column = (tile + i / 2) * 8 + lane % 4 * 2;
          const int count = row < args.m - first_m ? args.n - first_n - column : 0;
          epilogue.PackPair(values + 2 * i, first_m + row, first_n + column, count, signs[i],
                            words[i], column_sums[tile + i / 2]);
          if constexpr (Beside::kDirection == Direction::kOut) {
            beside[i] = Beside::Pack(neighbours, 2 * i);
          }
        }
        if constexpr (Beside::kDirection == Direction::kOut) StoreMatrices(other + place, beside);
      }
      StorePairs(words, tile, place, buffer);
    }
    if constexpr (kSpec.bias_gradient) {
      StoreSums(args, batch, first_m, first_n, column_sums);
    }
  }

  // The pairs of a lane, of two 8-column tiles from `tile` on; `place`: of its row as one of four
  // matrices.
  __device__ __forceinline__ static void StorePairs(
      const unsigned (&words)[4][kPackedWords<kSpec.d_type, 2>], int tile, unsigned place,
      unsigned buffer) {
    const int lane = threadIdx.x % 32;
    if constexpr (kBytes == 2) {
      const unsigned packed[4] = {words[0][0], words[1][0], words[2][0], words[3][0]};
      StoreMatrices(buffer + place, packed);
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

  // Adds the lanes' sums of a box of 64 columns over its 16 rows.
  __device__ __forceinline__ static void StoreSums(const GemmArgs& args, int batch, int first_m,
                                                   int first_n, float (&sums)[kBoxColumns / 8][2]) {
    static_assert(kBoxColumns == 64);
    float total[2];
    SumFragmentRows(sums, total);
    const int lane = threadIdx.x % 32;
    const int column = first_n + lane / 4 * 8 + lane % 4 * 2;
    float* const to = ColumnSumsOf<16>(args, batch, first_m);
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      if (column + i < args.n) to[column + i] = total[i];
    }
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TMA_WARP_TILE_CUH_
