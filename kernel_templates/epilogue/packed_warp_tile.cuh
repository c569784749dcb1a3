// The epilogue of a warp tile whose D has 8- or 16-bit elements and needs no other tensor row
// by row: it runs on the fragments, and only rounded elements pass through shared memory, at
// most half the bytes of what StagedWarpTile stages. (Shared memory is what bounds an epilogue.)
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_PACKED_WARP_TILE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_PACKED_WARP_TILE_CUH_

#include "abi/kernel_args.h"
#include "common/memory.cuh"
#include "epilogue/epilogue.cuh"

namespace tilewright {

// Unsigned integers that hold one element of kBytes, and two.
template <int kBytes>
struct PackedElement {
  using Element = unsigned char;
  using Pair = unsigned short;
};
template <>
struct PackedElement<2> {
  using Element = unsigned short;
  using Pair = unsigned;
};

// kStagingBytes: what the warp has of shared memory; decides how many rows are staged at once.
template <EpilogueSpec kSpec, int kWarpM, int kWarpN, bool kInterleavedRows,
          bool kInterleavedColumns, int kStagingBytes>
class PackedWarpTile {
 public:
  // Stochastic rounding on fragments, all of a warp tile's accumulators alive, spills. A mask is
  // made for fragments that have their rows and columns in order.
  static constexpr bool kFits =
      BytesOf(kSpec.d_type) <= 2 && kSpec.source == Source::kNone &&
      kSpec.aux_type == Type::kNone && !kSpec.stochastic_rounding && !kSpec.bias_gradient &&
      (!DropoutMask<kSpec>::kDrops || !(kInterleavedRows || kInterleavedColumns));

  // Stores the tile whose corner is (first_m, first_n). `staging` is the warp's own, 16-byte
  // aligned.
  template <typename Accumulator>
  __device__ __forceinline__ static void Store(
      const GemmArgs& args, int batch, int first_m, int first_n,
      const Accumulator (&sums)[kWarpM / 16][kWarpN / 8][4], void* staging,
      Epilogue<kSpec>& epilogue) {
    const Corner corner = {args, batch, first_m, first_n};
    ColumnPairs terms[kLoadsOnce ? kWarpN / 8 : 1];
    if constexpr (kLoadsOnce) {
#pragma unroll
      for (int tile = 0; tile < kWarpN / 8; ++tile) {
        terms[tile] = epilogue.template LoadColumnTerms<2>(first_n + Column(tile));
      }
    }
    unsigned* words = static_cast<unsigned*>(staging);
#pragma unroll
    for (int block = 0; block < kWarpM / 16; block += kBlocks) {
      __syncwarp();
#pragma unroll
      for (int i = block; i < Min(block + kBlocks, kWarpM / 16); ++i) {
        PackBlock(corner, sums[i], i * 16, words + (i - block) * 16 * kRowWords, terms, epilogue);
      }
      __syncwarp();
      const int rows = Min(kBlocks, kWarpM / 16 - block) * 16;
      StoreVectors(corner, block * 16, rows, words);
      StoreEnds(corner, block * 16, rows, words);
    }
  }

 private:
  using ColumnPairs = typename Epilogue<kSpec>::template ColumnTerms<2>;
  // A bias is kept in registers, and so are scales; both would be too many.
  static constexpr bool kLoadsOnce =
      !Epilogue<kSpec>::kScalesRows || kSpec.bias != Bias::kPerColumn;

  static constexpr int kBytes = BytesOf(kSpec.d_type);
  using Element = typename PackedElement<kBytes>::Element;
  using Pair = typename PackedElement<kBytes>::Pair;
  // Elements of a 16-byte vector.
  static constexpr int kVector = 16 / kBytes;
  // Padding of 4 words: it holds the shift, and the 8 rows by 4 words of one store of 16-bit
  // elements touch every bank once.
  static constexpr int kRowWords = kWarpN * kBytes / 4 + 4;
  static constexpr int kBlocks = Max(1, Min(kWarpM / 16, kStagingBytes / (16 * kRowWords * 4)));

  struct Corner {
    const GemmArgs& args;
    int batch;
    int first_m;
    int first_n;

    __device__ __forceinline__ char* Place(int row, int column) const {
      const Output<kSpec> output(args);
      return static_cast<char*>(output.base) +
             kBytes *
                 (batch * output.batch_stride +
                  (first_m + static_cast<long long>(row)) * output.row_stride + first_n + column);
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

  // Elements from the last multiple of 16 bytes to where a row of the tile begins in D. Staged
  // rows are shifted by them, so that what is a 16-byte vector in D is one in shared memory.
  __device__ __forceinline__ static int Shift(const Corner& corner, int row) {
    if constexpr (kSpec.d_access_bytes == 16) return 0;
    return reinterpret_cast<unsigned long long>(corner.Place(row, 0)) / kBytes % kVector;
  }

  template <typename Accumulator, int kTerms>
  __device__ __forceinline__ static void PackBlock(const Corner& corner,
                                                   const Accumulator (&sums)[kWarpN / 8][4],
                                                   int first_row, unsigned* words,
                                                   const ColumnPairs (&terms)[kTerms],
                                                   Epilogue<kSpec>& epilogue) {
    PhiloxWords signs[kWarpN / 16];
    const DropoutMask<kSpec> mask = epilogue.Mask();
#pragma unroll
    for (int group = 0; group < kWarpN / 16; ++group) {
      const int row_block = corner.first_m / 16 + first_row / 16;
      const int column_block = corner.first_n / 16 + group;
      signs[group] = mask.SignsOfLane(row_block, column_block);
      if constexpr (kSpec.store_mask) {
        mask.StoreBlock(row_block, column_block, BitsOfSigns(signs[group]));
      }
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = first_row + Row(half);
      Element* to = reinterpret_cast<Element*>(words + Row(half) * kRowWords) + Shift(corner, row);
      const float row_factor = epilogue.LoadRowFactor(corner.first_m + row);
#pragma unroll
      for (int tile = 0; tile < kWarpN / 8; ++tile) {
        const int column = Column(tile);
        const int even = tile / 2 * 2;
        const Accumulator values[2] = {
            kInterleavedColumns ? sums[even][half * 2 + tile % 2] : sums[tile][half * 2],
            kInterleavedColumns ? sums[even + 1][half * 2 + tile % 2] : sums[tile][half * 2 + 1]};
        const int count = corner.HasRow(row) ? corner.Left(column) : 0;
        unsigned pair[1];
        float completed[2];
        epilogue.ScalePair(values, corner.first_m + row, row_factor,
                           kLoadsOnce
                               ? terms[kLoadsOnce ? tile : 0]
                               : epilogue.template LoadColumnTerms<2>(corner.first_n + column),
                           completed);
        typename Epilogue<kSpec>::template Neighbours<2> none;
        const unsigned of_pair[1] = {signs[tile / 2].word[half * 2 + tile % 2]};
        epilogue.template Complete<1>(completed, none, of_pair);
        float no_sums[2];
        epilogue.PackPair(completed, corner.first_m + row, corner.first_n + column, count,
                          of_pair[0], pair, no_sums);
        if constexpr (kSpec.d_access_bytes == kBytes) {
          to[column] = static_cast<Element>(pair[0]);
          to[column + 1] = static_cast<Element>(pair[0] >> (8 * kBytes));
        } else {
          *reinterpret_cast<Pair*>(to + column) = static_cast<Pair>(pair[0]);
        }
      }
    }
  }

  // Whole vectors of 16 bytes, shared memory and D aligned alike; lanes take neighbouring ones.
  __device__ __forceinline__ static void StoreVectors(const Corner& corner, int first_row, int rows,
                                                      const unsigned* words) {
    constexpr int kPerRow = kWarpN / kVector;
    const int lane = threadIdx.x % 32;
#pragma unroll 4
    for (int first = 0; first < rows * kPerRow; first += 32) {
      const int row = (first + lane) / kPerRow;
      if (row >= rows || !corner.HasRow(first_row + row)) continue;
      const int shift = Shift(corner, first_row + row);
      // The first vector that begins within the row, and those after it.
      const int column = (first + lane) % kPerRow * kVector + (kVector - shift) % kVector;
      if (column + kVector > Min(kWarpN, corner.Left(0))) continue;
      unsigned vector[4];
      LoadWords<16, 16>(words + row * kRowWords + (column + shift) * kBytes / 4, vector);
      StoreWords<16, 16>(corner.Place(first_row + row, column), vector);
    }
  }

  // What the vectors leave of each row: less than one at its begin and at its end.
  __device__ __forceinline__ static void StoreEnds(const Corner& corner, int first_row, int rows,
                                                   const unsigned* words) {
    const int lane = threadIdx.x % 32;
#pragma unroll 4
    for (int first = 0; first < rows * 2 * kVector; first += 32) {
      const int row = (first + lane) / (2 * kVector);
      const int element = (first + lane) % kVector;
      const bool is_end = (first + lane) % (2 * kVector) >= kVector;
      if (!corner.HasRow(first_row + row)) continue;
      const int shift = Shift(corner, first_row + row);
      const int head = (kVector - shift) % kVector;
      const int length = Min(kWarpN, corner.Left(0));
      const int whole = length > head ? (length - head) / kVector * kVector : 0;
      const int column = is_end ? head + whole + element : element;
      if (column >= (is_end ? length : Min(head, length))) continue;
      const auto* from = reinterpret_cast<const Element*>(words + row * kRowWords);
      *reinterpret_cast<Element*>(corner.Place(first_row + row, column)) = from[column + shift];
    }
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_PACKED_WARP_TILE_CUH_
