// How the consumers of gemm_sm90 hand their sums to the epilogue: through TMA where it can
// write D, else through the store paths that gemm_sm80 has too; as partial sums where k is split.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_STORE_SM90_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_STORE_SM90_CUH_

#include "abi/gemm_sm90_config.h"
#include "common/cluster.cuh"
#include "epilogue/epilogue.cuh"
#include "epilogue/packed_warp_tile.cuh"
#include "epilogue/staged_warp_tile.cuh"
#include "epilogue/tma_group_tile.cuh"
#include "epilogue/tma_warp_tile.cuh"
#include "epilogue/transposed_warp_tile.cuh"
#include "gemm/split_k.cuh"

namespace tilewright {

// Stateless; `staging` is that of the warp's group, kStagingBytes for each of its warps.
template <EpilogueSpec kSpec, GemmSm90Config kConfig, bool kSplit, typename Accumulator>
class StoreSm90 {
 public:
  static constexpr int kColumns = CoreColumns(kConfig);
  using Sums = Accumulator[kColumns / 8][4];
  // Whether the kernel takes a tensor map of D.
  static constexpr bool kUsesTma =
      !kSplit && StoresThroughTma(kConfig, BytesOf(kSpec.d_type), kSpec.d_access_bytes,
                                  kSpec.source == Source::kNone && kSpec.aux_type == Type::kNone &&
                                      !kSpec.stochastic_rounding);
  static constexpr int kBuffers = StagingBuffers(kConfig, kUsesTma);
  static constexpr int kStagingBytes = kBuffers * kStagingBufferBytes;

  // Stores a warpgroup's block of 64 core rows; this warp has the sums of 16 of them. (first_m,
  // first_n): the place in D of the block's first row and column. `barrier`: the group's.
  __device__ __forceinline__ static void Store(const GemmArgs& args, const TensorMap* map_d,
                                               int batch, int first_m, int first_n,
                                               const Sums& sums, unsigned char* staging,
                                               int barrier, Epilogue<kSpec>& epilogue) {
    // Both are the same for the whole group.
    if (first_m >= args.m || first_n >= args.n) return;
    const int warp = static_cast<int>(threadIdx.x) / 32 % 4;
    unsigned char* const own = staging + warp * kStagingBytes;
    if constexpr (kConfig.swap_ab && kUsesTma) {
      TmaGroupTile<kSpec, kColumns, StoreBoxRows(kConfig), kBuffers>::Store(
          args, *map_d, batch, first_m, first_n, sums, SharedAddress(staging), barrier, epilogue);
    } else if constexpr (kConfig.swap_ab) {
      StoreTransposed(args, batch, first_m, first_n + warp * 16, sums, own, epilogue);
    } else if (first_m + warp * 16 >= args.m) {
      return;
    } else if constexpr (kUsesTma) {
      TmaWarpTile<kSpec, kColumns, StoreBoxBytes(kConfig, BytesOf(kSpec.d_type)), kBuffers>::Store(
          args, *map_d, batch, first_m + warp * 16, first_n, sums, SharedAddress(own), epilogue);
    } else {
      StoreChunks<0>(args, batch, first_m + warp * 16, first_n, sums, own, epilogue);
    }
  }

  // After the last Store: shared memory may go once it returns.
  __device__ __forceinline__ static void Finish() {
    if constexpr (kUsesTma) WaitForStoreReads<0>();
  }

 private:
  static constexpr bool kPacked =
      !kSplit && PackedWarpTile<kSpec, 16, 16, false, false, kStagingBytes>::kFits;
  // Columns that are staged at once, from `first` on. Packed rows take 1 or 2 bytes an element, the
  // latter here, and 16 of padding: of what 16 rows leave room for, as even a share as steps of 16
  // admit. Others take 4 and 32 bytes, and come in powers of two: lanes would find their places in
  // rows of another length by a division each, which the compiler keeps from chunk to chunk, in
  // registers that there are not.
  static constexpr int ChunkFrom(int first) {
    const int left = kColumns - first;
    if (!kPacked) return left >= 64 ? 64 : left >= 32 ? 32 : 16;
    const int most = (kStagingBytes / 32 - 8) / 16 * 16;
    const int chunks = CeilDiv(kColumns, most);
    return Min(CeilDiv(CeilDiv(kColumns, chunks), 16) * 16, left);
  }
  static_assert(StoreHoldsColumns(kConfig, kUsesTma));

  // Sums of kWidth columns from `first` on, so that a store path for kWidth takes them.
  template <int kWidth>
  __device__ __forceinline__ static void Take(const Sums& sums, int first,
                                              Accumulator (&taken)[kWidth / 8][4]) {
#pragma unroll
    for (int tile = 0; tile < kWidth / 8; ++tile) {
#pragma unroll
      for (int i = 0; i < 4; ++i) taken[tile][i] = sums[first / 8 + tile][i];
    }
  }

  template <int kFirst>
  __device__ __forceinline__ static void StoreChunks(const GemmArgs& args, int batch, int first_m,
                                                     int first_n, const Sums& sums, void* staging,
                                                     Epilogue<kSpec>& epilogue) {
    if constexpr (kFirst < kColumns) {
      constexpr int kWidth = ChunkFrom(kFirst);
      StoreChunk<kWidth>(args, batch, first_m, first_n, kFirst, sums, staging, epilogue);
      StoreChunks<kFirst + kWidth>(args, batch, first_m, first_n, sums, staging, epilogue);
    }
  }

  template <int kWidth>
  __device__ __forceinline__ static void StoreChunk(const GemmArgs& args, int batch, int first_m,
                                                    int first_n, int first, const Sums& sums,
                                                    void* staging, Epilogue<kSpec>& epilogue) {
    if (first_n + first >= args.n) return;
    Accumulator taken[1][kWidth / 8][4];
    Take<kWidth>(sums, first, taken[0]);
    if constexpr (kPacked) {
      PackedWarpTile<kSpec, 16, kWidth, false, false, kStagingBytes>::Store(
          args, batch, first_m, first_n + first, taken, staging, epilogue);
    } else {
      using Staged = StagedWarpTile<16, kWidth, false, false>;
      static_assert(Staged::kBytes <= kStagingBytes);
      Staged::template Visit<kVector>(
          taken, staging, [&](const Accumulator(&values)[kVector], int row, int column, int) {
            Apply(args, batch, first_m + row, first_n + first + column, values, epilogue);
          });
    }
  }

  __device__ __forceinline__ static void StoreTransposed(const GemmArgs& args, int batch,
                                                         int first_m, int first_n, const Sums& sums,
                                                         void* staging, Epilogue<kSpec>& epilogue) {
    constexpr int kRows = Min(kColumns, 64);
#pragma unroll
    for (int first = 0; first + kRows <= kColumns; first += kRows) {
      StoreTransposedRows<kRows>(args, batch, first_m, first_n, first, sums, staging, epilogue);
    }
    if constexpr (kColumns % kRows > 0) {
      StoreTransposedRows<kColumns % kRows>(args, batch, first_m, first_n, kColumns / kRows * kRows,
                                            sums, staging, epilogue);
    }
  }

  template <int kRows>
  __device__ __forceinline__ static void StoreTransposedRows(const GemmArgs& args, int batch,
                                                             int first_m, int first_n, int first,
                                                             const Sums& sums, void* staging,
                                                             Epilogue<kSpec>& epilogue) {
    using Transposed = TransposedWarpTile<kRows>;
    static_assert(Transposed::kBytes <= kStagingBytes);
    if (first_m + first >= args.m) return;
    Accumulator taken[kRows / 8][4];
    Take<kRows>(sums, first, taken);
    Transposed::template Visit<kVector>(
        taken, staging, [&](const Accumulator(&values)[kVector], int row, int column) {
          Apply(args, batch, first_m + first + row, first_n + column, values, epilogue);
        });
  }

  // Neighbouring columns that one access of D, or of a partial, takes; more than 8 would take too
  // many registers.
  static constexpr int kVector = kSplit ? 4 : Min(kSpec.d_access_bytes / BytesOf(kSpec.d_type), 8);

  __device__ __forceinline__ static void Apply(const GemmArgs& args, int batch, int row, int column,
                                               const Accumulator (&values)[kVector],
                                               Epilogue<kSpec>& epilogue) {
    if (row >= args.m) return;
    if constexpr (kSplit) {
      StorePartial(args, blockIdx.y, batch, row, column, values);
    } else {
      epilogue.template Apply<kVector>(values, row, column,
                                       epilogue.template LoadColumnTerms<kVector>(column));
    }
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_STORE_SM90_CUH_
