// Sharing one tile of D along k: partial sums go to the workspace, and a second kernel adds
// them in order and runs the epilogue, so that the result never depends on timing.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_SPLIT_K_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_SPLIT_K_CUH_

#include "abi/kernel_args.h"
#include "abi/split_k_config.h"
#include "common/cluster.cuh"
#include "common/memory.cuh"
#include "epilogue/epilogue.cuh"
#include "gemm/raster.cuh"

namespace tilewright {

// Tiles of k that one block takes.
struct DepthRange {
  int first;
  int count;
};

// Block `split` of `splits`; shares differ by at most one tile and may be empty.
__device__ __forceinline__ DepthRange ShareOfDepth(int tiles, int split, int splits) {
  const int quotient = tiles / splits;
  const int remainder = tiles % splits;
  return {split * quotient + (split < remainder ? split : remainder),
          quotient + (split < remainder ? 1 : 0)};
}

// Element (row, column) of a partial: [split][batch][m][n] of 4-byte elements.
__device__ __forceinline__ long long PartialIndex(const GemmArgs& args, int split, int batch,
                                                  int row, int column) {
  return ((static_cast<long long>(split) * args.batch + batch) * args.m + row) * args.n + column;
}

// Rows of the workspace are packed: wide accesses where n admits them.
__device__ __forceinline__ bool PartialsAreVectors(const GemmArgs& args) { return args.n % 4 == 0; }

template <typename Accumulator>
__device__ __forceinline__ void StorePartial(const GemmArgs& args, int split, int batch, int row,
                                             int column, const Accumulator (&sums)[4]) {
  Accumulator* to =
      static_cast<Accumulator*>(args.workspace) + PartialIndex(args, split, batch, row, column);
  if (PartialsAreVectors(args)) {
    if (column < args.n) {
      struct alignas(16) Four {
        Accumulator value[4];
      };
      *reinterpret_cast<Four*>(to) = {sums[0], sums[1], sums[2], sums[3]};
    }
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < args.n - column) to[i] = sums[i];
    }
  }
}

// Body of tilewright_gemm_reduce: a block of kReduceThreads owns kReduceTileM by
// kReduceTileN elements, a thread 4 neighbouring columns of one row.
template <EpilogueSpec kSpec, typename Accumulator>
__device__ __forceinline__ void ReducePartials(const GemmArgs& args) {
  constexpr int kPerRow = kReduceTileN / 4;
  static_assert(kReduceThreads == kPerRow * kReduceTileM);
  AllowLaterGrids();
  WaitForEarlierGrids();
  const int batch = blockIdx.z;
  const TilePlace place = PlaceOfBlock(blockIdx.x, args.m, args.n, kReduceTileM, kReduceTileN, 1);
  const int row_in_tile = static_cast<int>(threadIdx.x) / kPerRow;
  const int column_in_tile = static_cast<int>(threadIdx.x) % kPerRow * 4;
  Epilogue<kSpec> epilogue(args, batch);
  const unsigned keep =
      epilogue.Mask().Four(place.first_m + row_in_tile, place.first_n + column_in_tile);
  if (row_in_tile < args.m - place.first_m && column_in_tile < args.n - place.first_n) {
    const int row = place.first_m + row_in_tile;
    const int column = place.first_n + column_in_tile;
    const int count = args.n - column;
    const bool vectors = PartialsAreVectors(args);
    Accumulator sums[4] = {};
    const Accumulator* from =
        static_cast<const Accumulator*>(args.workspace) + PartialIndex(args, 0, batch, row, column);
    const long long step = PartialIndex(args, 1, 0, 0, 0);
#pragma unroll 4
    for (int split = 0; split < args.split_k; ++split, from += step) {
      struct alignas(16) Four {
        Accumulator value[4];
      } partial = {};
      if (vectors) {
        partial = *reinterpret_cast<const Four*>(from);
      } else {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          if (i < count) partial.value[i] = from[i];
        }
      }
#pragma unroll
      for (int i = 0; i < 4; ++i) sums[i] += partial.value[i];
    }
    float no_sums[4];
    epilogue.template Apply<4>(sums, row, column, epilogue.template LoadColumnTerms<4>(column),
                               keep, no_sums);
  }
  epilogue.Finish();
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_SPLIT_K_CUH_
