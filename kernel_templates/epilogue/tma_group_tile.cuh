// As TmaWarpTile, of a core that computed D^T: the fragments of a warpgroup's 64 core rows are
// transposed on their way to shared memory, where they are rows of D, 64 columns wide.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TMA_GROUP_TILE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TMA_GROUP_TILE_CUH_

#include "common/cluster.cuh"
#include "epilogue/tma_warp_tile.cuh"

namespace tilewright {

// kRows: of D, the core's columns. Boxes are of kBoxRows. `beside`: of a tensor that is stored in
// boxes alike, if there is one, which have the second half of a round's buffers.
template <EpilogueSpec kSpec, int kRows, int kBoxRows, int kBuffers>
class TmaGroupTile {
 public:
  // Starts to store the part of D whose corner is (first_m, first_n), 64 columns wide. All four
  // warps of the group call it, with the named barrier that is theirs. `turn`: as in TmaWarpTile;
  // `staging`: the group's kBuffers, of 64 rows each.
  template <typename Accumulator, typename Beside>
  __device__ __forceinline__ static void Store(const GemmArgs& args, const TensorMap& map,
                                               int batch, int first_m, int first_n,
                                               const Accumulator (&sums)[kRows / 8][4], int& turn,
                                               Beside& beside, unsigned staging, int barrier,
                                               Epilogue<kSpec>& epilogue) {
    static_assert(Beside::kDirection != Direction::kIn);
    constexpr bool kHasOther = Beside::kDirection == Direction::kOut;
    static_assert(!kHasOther || kBuffers >= 2);
    // Of one round, in the buffers of which it uses half where there are four. A round takes as
    // many boxes as they hold: every one costs a fence and a barrier.
    constexpr int kRoundBytes = Min(kBuffers, 2) * kBufferBytes;
    constexpr int kOtherOffset = kRoundBytes / 2;
    constexpr int kRound = (kHasOther ? kOtherOffset : kRoundBytes) / kBoxBytes;
    const bool is_leader = threadIdx.x % 128 == 0;
    float column_sums[2][1] = {};
#pragma unroll
    for (int first = 0; first < kBoxes; first += kRound) {
      const unsigned buffers = staging + turn * kRoundBytes;
      if (is_leader) WaitForStoreReads<kBuffers == 4 ? 1 : 0>();
      SyncThreads(barrier, 128);
#pragma unroll
      for (int box = first; box < Min(first + kRound, kBoxes); ++box) {
        const unsigned buffer = buffers + (box - first) * kBoxBytes;
        Fill<Beside>(args, first_m, first_n, sums, BoxBegin(box, kBoxRows, kRows) / 8, buffer,
                     buffer + kOtherOffset, epilogue, column_sums);
      }
      FenceForCopies();
      SyncThreads(barrier, 128);
      if (is_leader) {
#pragma unroll
        for (int box = first; box < Min(first + kRound, kBoxes); ++box) {
          const unsigned buffer = buffers + (box - first) * kBoxBytes;
          const int row = first_m + BoxBegin(box, kBoxRows, kRows);
          StoreBox(map, buffer, first_n, row, batch);
          if constexpr (kHasOther) {
            StoreBox(beside.Map(), buffer + kOtherOffset, first_n, row, batch);
          }
        }
        CommitStores();
      }
      if constexpr (kBuffers == 4) turn ^= 1;
    }
    if constexpr (kSpec.bias_gradient) StoreSums(args, batch, first_m, first_n, column_sums);
  }

 private:
  // Of this warp's 16.
  __device__ __forceinline__ static int FirstColumn() {
    return static_cast<int>(threadIdx.x) / 32 % 4 * 16;
  }

  static constexpr int kBytes = BytesOf(kSpec.d_type);
  // Of a row of the box.
  static constexpr int kRowBytes = 64 * kBytes;
  static constexpr int kBufferBytes = 4 * kStagingBufferBytes;
  static constexpr int kBoxBytes = kBoxRows * kRowBytes;
  static constexpr int kBoxes = CeilDiv(kRows, kBoxRows);
  static_assert(kBytes <= 2 && kBoxBytes <= kBufferBytes);

  // This warp's 16 columns of the box's rows, from 8-row tile `first_tile` on. `other`: the buffer
  // of the tensor beside D.
  template <typename Beside, typename Accumulator>
  __device__ __forceinline__ static void Fill(const GemmArgs& args, int tile_m, int first_n,
                                              const Accumulator (&sums)[kRows / 8][4],
                                              int first_tile, unsigned buffer, unsigned other,
                                              Epilogue<kSpec>& epilogue,
                                              float (&column_sums)[2][1]) {
    const int lane = threadIdx.x % 32;
    const int first_m = tile_m + first_tile * 8;
    const int first_column = FirstColumn();
    typename Epilogue<kSpec>::template ColumnTerms<1> terms[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      terms[half] =
          epilogue.template LoadColumnTerms<1>(first_n + first_column + half * 8 + lane / 4);
    }
    // Pairs of 8-row tiles; the last of an odd number stands alone.
#pragma unroll
    for (int tile = 0; tile < kBoxRows / 8; tile += 2) {
      const PhiloxWords signs = epilogue.Mask().SignsOfTransposedLane(
          tile_m / 16 + (first_tile + tile) / 2, first_n / 16 + first_column / 16);
      float values[8] = {};
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        if (tile + i / 2 >= kBoxRows / 8) continue;
        const Accumulator pair[2] = {sums[first_tile + tile + i / 2][i % 2 * 2],
                                     sums[first_tile + tile + i / 2][i % 2 * 2 + 1]};
        epilogue.ScaleColumnPair(pair, first_m + (tile + i / 2) * 8 + lane % 4 * 2, terms[i % 2],
                                 values + 2 * i);
      }
      typename Epilogue<kSpec>::template Neighbours<8> neighbours;
      epilogue.template Complete<4>(values, neighbours, signs.word);
      unsigned words[4] = {};
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        if (tile + i / 2 >= kBoxRows / 8) continue;
        const int row = (tile + i / 2) * 8 + lane % 4 * 2;
        const int column = first_n + first_column + i % 2 * 8 + lane / 4;
        const int count = column < args.n ? args.m - first_m - row : 0;
        words[i] = epilogue.PackColumnPair(values + 2 * i, first_m + row, column, count,
                                           signs.word[i], column_sums[i % 2]);
      }
      const bool is_odd = tile + 1 >= kBoxRows / 8;
      if constexpr (kBytes == 1) {
#pragma unroll
        for (int i = 0; i < (is_odd ? 2 : 4); ++i) {
          StoreBytes(buffer, (tile + i / 2) * 8 + lane % 4 * 2, first_column + i % 2 * 8 + lane / 4,
                     words[i]);
        }
      } else {
        const int row = (tile + (is_odd ? 0 : lane / 16)) * 8 + lane % 8;
        const unsigned place = StagedPlace<kRowBytes>(row, first_column / 8 + lane / 8 % 2);
        StoreTiles(buffer + place, words, is_odd);
        if constexpr (Beside::kDirection == Direction::kOut) {
#pragma unroll
          for (int i = 0; i < 4; ++i) words[i] = Beside::Pack(neighbours, 2 * i);
          StoreTiles(other + place, words, is_odd);
        }
      }
    }
  }

  // Lanes beyond an odd last tile name rows of the one before, and write the same there.
  __device__ __forceinline__ static void StoreTiles(unsigned address, unsigned (&words)[4],
                                                    bool is_odd) {
    if (is_odd) {
      words[2] = words[0];
      words[3] = words[1];
    }
    StoreMatricesTransposed(address, words);
  }

  // Adds the lanes' sums of the warp's 16 columns over all kRows.
  __device__ __forceinline__ static void StoreSums(const GemmArgs& args, int batch, int first_m,
                                                   int first_n, const float (&sums)[2][1]) {
    const int lane = threadIdx.x % 32;
    float* const to = ColumnSumsOf<kRows>(args, batch, first_m);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float sum = SumLanes<1, 4>(sums[half][0]);
      const int column = first_n + FirstColumn() + half * 8 + lane / 4;
      if (lane % 4 == 0 && column < args.n) to[column] = sum;
    }
  }

  // Elements of two neighbouring rows in one column: no instruction transposes bytes. The 8
  // columns by 4 rows of a warp touch every bank once.
  __device__ __forceinline__ static void StoreBytes(unsigned buffer, int row, int column,
                                                    unsigned pair) {
    StoreSharedByte(buffer + StagedPlace<kRowBytes>(row, column / 16) + column % 16, pair);
    StoreSharedByte(buffer + StagedPlace<kRowBytes>(row + 1, column / 16) + column % 16, pair >> 8);
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_TMA_GROUP_TILE_CUH_
