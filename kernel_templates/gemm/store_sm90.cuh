// How the consumers of gemm_sm90 hand their sums to the epilogue: through TMA where it can
// write D, else through the store paths that gemm_sm80 has too; as partial sums where k is split.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_STORE_SM90_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_STORE_SM90_CUH_

#include "abi/gemm_sm90_config.h"
#include "common/cluster.cuh"
#include "epilogue/boxes_beside.cuh"
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
  static constexpr StorePath kPath =
      kSplit ? StorePath::kStaged : StorePathOf(kConfig, StoreNeedsOf(kSpec));
  // Tensor maps that the kernel takes for it: of D, and of what is beside it.
  static constexpr int kMaps = kPath == StorePath::kStaged ? 0 : kPath == StorePath::kTma ? 1 : 2;
  static constexpr int kBuffers = StagingBuffers(kConfig, kPath);
  static constexpr int kStagingBytes = kBuffers * kStagingBufferBytes;
  static constexpr Direction kDirection = kPath != StorePath::kTmaBeside ? Direction::kNone
                                          : TensorsOf(kSpec) == EpilogueTensors::kIn
                                              ? Direction::kIn
                                              : Direction::kOut;
  using Beside = BoxesBeside<kSpec, kDirection, RowBlocks(kConfig), kColumns>;
  // Rows of a partial sum of columns.
  static constexpr int kSumRows = ColumnSumRows(kConfig);

  // Stores a warpgroup's block of 64 core rows; this warp has the sums of 16 of them. (first_m,
  // first_n): the place in D of the block's first row and column. `turn`: of the group's buffers.
  // `barrier`: the group's.
  __device__ __forceinline__ static void Store(const GemmArgs& args, const TensorMap* map_d,
                                               int batch, int first_m, int first_n,
                                               const Sums& sums, int& turn, Beside& beside,
                                               unsigned char* staging, int barrier,
                                               Epilogue<kSpec>& epilogue) {
    // Both are the same for the whole group.
    if (first_m >= args.m || first_n >= args.n) return;
    const int warp = static_cast<int>(threadIdx.x) / 32 % 4;
    unsigned char* const own = staging + warp * kStagingBytes;
    if constexpr (kConfig.swap_ab && kPath != StorePath::kStaged) {
      TmaGroupTile<kSpec, kColumns, StoreBoxRows(kConfig, kMasked), kBuffers>::Store(
          args, *map_d, batch, first_m, first_n, sums, turn, beside, SharedAddress(staging),
          barrier, epilogue);
    } else if constexpr (kConfig.swap_ab) {
      StoreTransposed(args, batch, first_m, first_n + warp * 16, sums, own, epilogue);
    } else if (first_m + warp * 16 >= args.m) {
      return;
    } else if constexpr (kPath != StorePath::kStaged) {
      TmaWarpTile<kSpec, kColumns, StoreBoxBytes(kConfig, BytesOf(kSpec.d_type)), kBuffers>::Store(
          args, *map_d, batch, first_m + warp * 16, first_n, sums, turn, beside, SharedAddress(own),
          epilogue);
    } else {
      StoreChunks<0>(args, batch, first_m + warp * 16, first_n, sums, own, epilogue);
    }
  }

  // After the last Store: shared memory may go once it returns.
  __device__ __forceinline__ static void Finish() {
    if constexpr (kPath != StorePath::kStaged) WaitForStoreReads<0>();
  }

 private:
  static constexpr bool kPacked =
      !kSplit && PackedWarpTile<kSpec, 16, 16, false, false, kStagingBytes>::kFits;
  // Neighbouring columns that one access of D, or of a partial, takes; more than 8 would take too
  // many registers.
  static constexpr int kVector = kSplit ? 4 : Min(kSpec.d_access_bytes / BytesOf(kSpec.d_type), 8);

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
  static_assert(StoreHoldsColumns(kConfig, kPath));
  static constexpr bool kMasked = !kSplit && DropoutMask<kSpec>::kDrops;

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
      using Staged = StagedWarpTile<16, kWidth, false, false, kMasked>;
      static_assert(Staged::kBytes <= kStagingBytes);
      const DropoutMask<kSpec> mask = epilogue.Mask();
      constexpr int kSlots = Staged::template Slots<kVector>();
      float column_sums[kSpec.bias_gradient ? kSlots : 1][kVector] = {};
      Staged::template Visit<kVector>(
          taken, staging,
          [&](int row, int column) {
            return mask.Block(first_m / 16 + row / 16, (first_n + first) / 16 + column / 16);
          },
          [&](const Accumulator(&values)[kVector], int row, int column, int slot, unsigned keep) {
            Apply(args, batch, first_m + row, first_n + first + column, values, keep, epilogue,
                  column_sums[kSpec.bias_gradient ? slot : 0]);
          });
      if constexpr (kSpec.bias_gradient) {
        Staged::template StoreColumnSums<kSumRows>(args, batch, first_m, first_n + first,
                                                   column_sums);
      }
    }
  }

  __device__ __forceinline__ static void StoreTransposed(const GemmArgs& args, int batch,
                                                         int first_m, int first_n, const Sums& sums,
                                                         void* staging, Epilogue<kSpec>& epilogue) {
    constexpr int kRows = Min(kColumns, 64);
    // A lane stays in its columns.
    float column_sums[kVector] = {};
#pragma unroll
    for (int first = 0; first + kRows <= kColumns; first += kRows) {
      StoreTransposedRows<kRows>(args, batch, first_m, first_n, first, sums, staging, epilogue,
                                 column_sums);
    }
    if constexpr (kColumns % kRows > 0) {
      StoreTransposedRows<kColumns % kRows>(args, batch, first_m, first_n, kColumns / kRows * kRows,
                                            sums, staging, epilogue, column_sums);
    }
    if constexpr (kSpec.bias_gradient) {
      constexpr int kPerRow = 16 / kVector;
      const int lane = static_cast<int>(threadIdx.x) % 32;
      const int column = first_n + lane % kPerRow * kVector;
      float* const to = ColumnSumsOf<kSumRows>(args, batch, first_m);
#pragma unroll
      for (int i = 0; i < kVector; ++i) {
        const float sum = SumLanes<kPerRow>(column_sums[i]);
        if (lane < kPerRow && column + i < args.n) to[column + i] = sum;
      }
    }
  }

  template <int kRows>
  __device__ __forceinline__ static void StoreTransposedRows(const GemmArgs& args, int batch,
                                                             int first_m, int first_n, int first,
                                                             const Sums& sums, void* staging,
                                                             Epilogue<kSpec>& epilogue,
                                                             float (&column_sums)[kVector]) {
    using Transposed = TransposedWarpTile<kRows, kMasked>;
    static_assert(Transposed::kBytes <= kStagingBytes);
    if (first_m + first >= args.m) return;
    Accumulator taken[kRows / 8][4];
    Take<kRows>(sums, first, taken);
    const DropoutMask<kSpec> mask = epilogue.Mask();
    Transposed::template Visit<kVector>(
        taken, staging,
        [&](int row, int column) {
          return mask.Block((first_m + first) / 16 + row / 16, first_n / 16 + column / 16);
        },
        [&](const Accumulator(&values)[kVector], int row, int column, unsigned keep) {
          Apply(args, batch, first_m + first + row, first_n + column, values, keep, epilogue,
                column_sums);
        });
  }

  __device__ __forceinline__ static void Apply(const GemmArgs& args, int batch, int row, int column,
                                               const Accumulator (&values)[kVector], unsigned keep,
                                               Epilogue<kSpec>& epilogue,
                                               float (&column_sums)[kVector]) {
    if (row >= args.m) return;
    if constexpr (kSplit) {
      StorePartial(args, blockIdx.y, batch, row, column, values);
    } else {
      epilogue.template Apply<kVector>(values, row, column,
                                       epilogue.template LoadColumnTerms<kVector>(column), keep,
                                       column_sums);
    }
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_STORE_SM90_CUH_
