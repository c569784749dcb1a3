// The epilogue of a warp tile whose D has 16-bit elements and needs no other tensor row by
// row: it runs on the fragments, and only rounded elements pass through shared memory, half
// the bytes of what StagedWarpTile stages. (Shared memory is what bounds an epilogue.)
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_PACKED_WARP_TILE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_PACKED_WARP_TILE_CUH_

#include "abi/kernel_args.h"
#include "common/memory.cuh"
#include "epilogue/epilogue.cuh"

namespace tilewright {

// kStagingBytes: what the warp has of shared memory; decides how many rows are staged at once.
template <EpilogueSpec kSpec, int kWarpM, int kWarpN, bool kInterleavedRows,
          bool kInterleavedColumns, int kStagingBytes>
class PackedWarpTile {
 public:
  // Stochastic rounding on fragments, all of a warp tile's accumulators alive, spills.
  static constexpr bool kFits = BytesOf(kSpec.d_type) == 2 && kSpec.source == Source::kNone &&
                                kSpec.aux_type == Type::kNone && !kSpec.stochastic_rounding;

  // Stores the tile whose corner is (first_m, first_n). `staging` is the warp's own, 16-byte
  // aligned.
  template <typename Accumulator>
  __device__ __forceinline__ static void Store(
      const GemmArgs& args, int batch, int first_m, int first_n,
      const Accumulator (&sums)[kWarpM / 16][kWarpN / 8][4], void* staging,
      Epilogue<kSpec>& epilogue) {
    const Corner corner = {args, batch, first_m, first_n};
    ColumnPairs bias[kWarpN / 8];
#pragma unroll
    for (int tile = 0; tile < kWarpN / 8; ++tile) {
      bias[tile] = epilogue.template LoadColumnBias<2>(first_n + Column(tile));
    }
    unsigned* words = static_cast<unsigned*>(staging);
#pragma unroll
    for (int block = 0; block < kWarpM / 16; block += kBlocks) {
      __syncwarp();
#pragma unroll
      for (int i = block; i < Min(block + kBlocks, kWarpM / 16); ++i) {
        PackBlock(corner, sums[i], i * 16, words + (i - block) * 16 * kRowWords, bias, epilogue);
      }
      __syncwarp();
      const int rows = Min(kBlocks, kWarpM / 16 - block) * 16;
      if constexpr (kSpec.d_access_bytes == 2) {
        StoreRowsAnywhere(corner, block * 16, rows, words);
      } else {
        StoreRows(corner, block * 16, rows, words);
      }
    }
  }

 private:
  using ColumnPairs = typename Epilogue<kSpec>::template ColumnBias<2>;

  // Padding of 4 words: the 8 rows by 4 words of one store touch every bank once.
  static constexpr int kRowWords = kWarpN / 2 + 4;
  static constexpr int kBlocks = Max(1, Min(kWarpM / 16, kStagingBytes / (16 * kRowWords * 4)));

  struct Corner {
    const GemmArgs& args;
    int batch;
    int first_m;
    int first_n;

    __device__ __forceinline__ char* Place(int row, int column) const {
      return static_cast<char*>(args.d) +
             2 * (batch * args.d_batch_stride + (first_m + static_cast<long long>(row)) * args.ldd +
                  first_n + column);
    }
    __device__ __forceinline__ bool HasRow(int row) const { return row < args.m - first_m; }
    // Columns of D from `column` on.
    __device__ __forceinline__ int Left(int column) const { return args.n - first_n - column; }
  };

  // The lane's row in a block of 16, and its first column of two in 8-column tile `tile`.
  // Interleaved tiles 2p and 2p + 1 together give a lane 4 neighbouring columns.
  __device__ __forceinline__ static int Row(int half) {
    const int group = static_cast<int>(threadIdx.x) % 32 / 4;
    return kInterleavedRows ? 2 * group + half : group + 8 * half;
  }
  __device__ __forceinline__ static int Column(int tile) {
    const int pair = static_cast<int>(threadIdx.x) % 4;
    return kInterleavedColumns ? tile / 2 * 16 + pair * 4 + tile % 2 * 2 : tile * 8 + pair * 2;
  }

  template <typename Accumulator>
  __device__ __forceinline__ static void PackBlock(const Corner& corner,
                                                   const Accumulator (&sums)[kWarpN / 8][4],
                                                   int first_row, unsigned* words,
                                                   const ColumnPairs (&bias)[kWarpN / 8],
                                                   Epilogue<kSpec>& epilogue) {
#pragma unroll
    for (int tile = 0; tile < kWarpN / 8; ++tile) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = first_row + Row(half);
        const int column = Column(tile);
        const int even = tile / 2 * 2;
        const Accumulator values[2] = {
            kInterleavedColumns ? sums[even][half * 2 + tile % 2] : sums[tile][half * 2],
            kInterleavedColumns ? sums[even + 1][half * 2 + tile % 2] : sums[tile][half * 2 + 1]};
        const int count = corner.HasRow(row) ? corner.Left(column) : 0;
        unsigned pair[1];
        epilogue.ComputePair(values, corner.first_m + row, corner.first_n + column, count,
                             bias[tile], pair);
        words[Row(half) * kRowWords + column / 2] = pair[0];
      }
    }
  }

  // Rows that begin at kAccess bytes: lanes take neighbouring vectors.
  __device__ __forceinline__ static void StoreRows(const Corner& corner, int first_row, int rows,
                                                   const unsigned* words) {
    constexpr int kAccess = kSpec.d_access_bytes;
    constexpr int kWidth = kAccess / 2;
    constexpr int kPerRow = kWarpN / kWidth;
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int first = 0; first < rows * kPerRow; first += 32) {
      const int row = (first + lane) / kPerRow;
      const int column = (first + lane) % kPerRow * kWidth;
      unsigned vector[kAccess / 4];
      LoadWords<kAccess, kAccess>(words + row * kRowWords + column / 2, vector);
      const int left = corner.Left(column);
      if (!corner.HasRow(first_row + row) || left <= 0) continue;
      char* place = corner.Place(first_row + row, column);
      if (left >= kWidth) {
        StoreWords<kAccess, kAccess>(place, vector);
      } else {
#pragma unroll
        for (int i = 0; i < kWidth - 1; ++i) {
          if (i < left) StoreHalf(place + 2 * i, i % 2 == 0 ? vector[i / 2] : vector[i / 2] >> 16);
        }
      }
    }
  }

  // Rows that begin at any element (a vocabulary of 50257): aligned words of D wherever
  // they are in a row, single elements where a row begins or ends within one.
  __device__ __forceinline__ static void StoreRowsAnywhere(const Corner& corner, int first_row,
                                                           int rows, const unsigned* words) {
    constexpr int kPerRow = kWarpN / 2;
    const int lane = threadIdx.x % 32;
#pragma unroll 8
    for (int first = 0; first < rows * kPerRow; first += 32) {
      const int row = (first + lane) / kPerRow;
      const int word = (first + lane) % kPerRow;
      const int left = corner.Left(word * 2);
      if (!corner.HasRow(first_row + row)) continue;
      char* place = corner.Place(first_row + row, word * 2);
      const unsigned low = words[row * kRowWords + word];
      const unsigned high = words[row * kRowWords + word + 1];
      // The padding is what follows the last word of a row; no lane stores it.
      if ((reinterpret_cast<unsigned long long>(place) & 2) == 0) {
        if (left >= 2) {
          *reinterpret_cast<unsigned*>(place) = low;
        } else if (left == 1) {
          StoreHalf(place, low);
        }
      } else if (left >= 3 && word != kPerRow - 1) {
        *reinterpret_cast<unsigned*>(place + 2) = __funnelshift_r(low, high, 16);
      } else if (left >= 2) {
        StoreHalf(place + 2, low >> 16);
      }
    }
#pragma unroll
    for (int first = 0; first < rows; first += 32) {
      const int row = first + lane;
      if (row >= rows || !corner.HasRow(first_row + row) || corner.Left(0) <= 0) continue;
      char* place = corner.Place(first_row + row, 0);
      if ((reinterpret_cast<unsigned long long>(place) & 2) != 0) {
        StoreHalf(place, words[row * kRowWords]);
      }
    }
  }

  __device__ __forceinline__ static void StoreHalf(char* place, unsigned bits) {
    *reinterpret_cast<unsigned short*>(place) = static_cast<unsigned short>(bits);
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_PACKED_WARP_TILE_CUH_
