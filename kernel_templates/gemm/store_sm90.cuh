// How a consumer warp of gemm_sm90 hands its sums to the epilogue: through TMA where it can
// write D, else through the store paths that gemm_sm80 has too; as partial sums where k is split.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_STORE_SM90_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_STORE_SM90_CUH_

#include "abi/gemm_sm90_config.h"
#include "common/cluster.cuh"
#include "epilogue/epilogue.cuh"
#include "epilogue/packed_warp_tile.cuh"
#include "epilogue/staged_warp_tile.cuh"
#include "epilogue/tma_warp_tile.cuh"
#include "epilogue/transposed_warp_tile.cuh"
#include "gemm/split_k.cuh"

namespace tilewright {

// One warp's; lives as long as the warp works.
template <EpilogueSpec kSpec, GemmSm90Config kConfig, bool kSplit, typename Accumulator>
class StoreSm90 {
 public:
  static constexpr int kColumns = CoreColumns(kConfig);
  using Sums = Accumulator[kColumns / 8][4];
  using Tma = TmaWarpTile<kSpec, kColumns, StagingBuffers(kConfig)>;
  // Whether the kernel takes a tensor map of D.
  static constexpr bool kUsesTma =
      !kSplit && StoresThroughTma(kConfig, BytesOf(kSpec.d_type), kSpec.d_access_bytes,
                                  kSpec.source == Source::kNone &&
                                      kSpec.aux_type == Type::kNone && !kSpec.stochastic_rounding);
  static constexpr int kStagingBytes = StagingBuffers(kConfig) * kStagingBufferBytes;

  __device__ __forceinline__ explicit StoreSm90(void* staging)
      : staging_(staging), tma_(SharedAddress(staging)) {}

  // Sums of 16 core rows. (first_m, first_n): the place in D of the first row and column.
  __device__ __forceinline__ void Store(const GemmArgs& args, const TensorMap* map_d, int batch,
                                        int first_m, int first_n, const Sums& sums,
                                        Epilogue<kSpec>& epilogue) {
    if constexpr (kUsesTma) {
      tma_.Store(args, *map_d, batch, first_m, first_n, sums, epilogue);
    } else if constexpr (kConfig.swap_ab) {
      StoreTransposed(args, batch, first_m, first_n, sums, epilogue);
    } else {
      StoreChunks(args, batch, first_m, first_n, sums, epilogue);
    }
  }

  // After the last Store.
  __device__ __forceinline__ void Finish() {
    if constexpr (kUsesTma) Tma::Finish();
  }

 private:
  static constexpr bool kPacked =
      !kSplit && PackedWarpTile<kSpec, 16, 16, false, false, kStagingBytes>::kFits;
  // Columns that are staged at once.
  static constexpr int kChunk = Min(
      kColumns, (kPacked ? 2 : 1) * (StagingBuffers(kConfig) == 2 ? 32 : 16));
  static constexpr int kTail = kColumns % kChunk;

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

  __device__ __forceinline__ void StoreChunks(const GemmArgs& args, int batch, int first_m,
                                              int first_n, const Sums& sums,
                                              Epilogue<kSpec>& epilogue) {
#pragma unroll
    for (int first = 0; first + kChunk <= kColumns; first += kChunk) {
      StoreChunk<kChunk>(args, batch, first_m, first_n, first, sums, epilogue);
    }
    if constexpr (kTail > 0) {
      StoreChunk<kTail>(args, batch, first_m, first_n, kColumns - kTail, sums, epilogue);
    }
  }

  template <int kWidth>
  __device__ __forceinline__ void StoreChunk(const GemmArgs& args, int batch, int first_m,
                                             int first_n, int first, const Sums& sums,
                                             Epilogue<kSpec>& epilogue) {
    if (first_n + first >= args.n) return;
    Accumulator taken[1][kWidth / 8][4];
    Take<kWidth>(sums, first, taken[0]);
    if constexpr (kPacked) {
      PackedWarpTile<kSpec, 16, kWidth, false, false, kStagingBytes>::Store(
          args, batch, first_m, first_n + first, taken, staging_, epilogue);
    } else {
      using Staged = StagedWarpTile<16, kWidth, false, false>;
      static_assert(Staged::kBytes <= kStagingBytes);
      Staged::template Visit<kVector>(
          taken, staging_, [&](const Accumulator(&values)[kVector], int row, int column, int) {
            Apply(args, batch, first_m + row, first_n + first + column, values, epilogue);
          });
    }
  }

  __device__ __forceinline__ void StoreTransposed(const GemmArgs& args, int batch, int first_m,
                                                  int first_n, const Sums& sums,
                                                  Epilogue<kSpec>& epilogue) {
    constexpr int kRows = Min(kColumns, StagingBuffers(kConfig) == 2 ? 32 : 16);
#pragma unroll
    for (int first = 0; first + kRows <= kColumns; first += kRows) {
      StoreTransposedRows<kRows>(args, batch, first_m, first_n, first, sums, epilogue);
    }
    if constexpr (kColumns % kRows > 0) {
      StoreTransposedRows<kColumns % kRows>(args, batch, first_m, first_n,
                                            kColumns / kRows * kRows, sums, epilogue);
    }
  }

  template <int kRows>
  __device__ __forceinline__ void StoreTransposedRows(const GemmArgs& args, int batch, int first_m,
                                                      int first_n, int first, const Sums& sums,
                                                      Epilogue<kSpec>& epilogue) {
    using Transposed = TransposedWarpTile<kRows>;
    static_assert(Transposed::kBytes <= kStagingBytes);
    if (first_m + first >= args.m) return;
    Accumulator taken[kRows / 8][4];
    Take<kRows>(sums, first, taken);
    Transposed::template Visit<kVector>(
        taken, staging_, [&](const Accumulator(&values)[kVector], int row, int column) {
          Apply(args, batch, first_m + first + row, first_n + column, values, epilogue);
        });
  }

  // Neighbouring columns that one access of D, or of a partial, takes.
  static constexpr int kVector = kSplit ? 4 : kSpec.d_access_bytes / BytesOf(kSpec.d_type);

  __device__ __forceinline__ static void Apply(const GemmArgs& args, int batch, int row, int column,
                                               const Accumulator (&values)[kVector],
                                               Epilogue<kSpec>& epilogue) {
    if (row >= args.m) return;
    if constexpr (kSplit) {
      StorePartial(args, blockIdx.y, batch, row, column, values);
    } else {
      epilogue.template Apply<kVector>(values, row, column,
                                       epilogue.template LoadColumnBias<kVector>(column));
    }
  }

  void* const staging_;
  Tma tma_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_STORE_SM90_CUH_
