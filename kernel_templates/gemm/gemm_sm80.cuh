// GEMM on the warp-level tensor core instructions of sm_80 and later: a block computes one
// tile of D from a ring of shared-memory stages that cp.async keeps filled.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SM80_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SM80_CUH_

#include "abi/gemm_sm80_config.h"
#include "abi/kernel_args.h"
#include "common/cp_async.cuh"
#include "common/memory.cuh"
#include "epilogue/epilogue.cuh"
#include "epilogue/packed_warp_tile.cuh"
#include "epilogue/staged_warp_tile.cuh"
#include "gemm/clear_sums.cuh"
#include "gemm/entry.cuh"
#include "gemm/fp16_sums.cuh"
#include "gemm/fragments.cuh"
#include "gemm/mainloop_sm80.cuh"
#include "gemm/raster.cuh"
#include "gemm/split_k.cuh"

namespace tilewright {

// The public members are what the entries of entry.cuh need of a template.
// kSplit: k is shared by several blocks; the block stores its partial sums.
template <OperandSpec kA, OperandSpec kB, EpilogueSpec kSpec, GemmSm80Config kConfig, bool kSplit>
class GemmSm80 {
 public:
  static constexpr EpilogueSpec kEpilogueSpec = kSpec;
  using Accumulator = typename AccumulatorOf<kA.type>::type;
  static constexpr int kThreads = Threads(kConfig);
  static constexpr int kMinBlocks = MinBlocksPerSm(kConfig);
  static constexpr int kSumRows = kConfig.tile_m / kConfig.warps_m;

  __device__ __forceinline__ static void Run(const GemmArgs& args) {
    extern __shared__ __align__(1024) unsigned char tilewright_shared[];
    const TilePlace place =
        PlaceOfBlock(blockIdx.x, args.m, args.n, kConfig.tile_m, kConfig.tile_n, args.raster_group);
    typename Mainloop::Sums products = {};
    Mainloop::Run(args, place, kSplit ? blockIdx.y : 0, kSplit ? args.split_k : 1,
                  SharedAddress(tilewright_shared), products);
    // The epilogue reuses the ring.
    WaitForCopies<0>();
    __syncthreads();
    if (!kSplit && !EpilogueFactors<kSpec>(args).TakesSums()) Clear(products);
    if constexpr (kConfig.fp16_sums) {
      Sums wide;
#pragma unroll
      for (int block = 0; block < Mainloop::kRowBlocks; ++block) {
        Widen(products[block], wide[block]);
      }
      StoreTile(args, place, wide, tilewright_shared);
    } else {
      StoreTile(args, place, products, tilewright_shared);
    }
  }

 private:
  using Mainloop = MainloopSm80<kA, kB, kConfig>;
  static constexpr int kWarpM = Mainloop::kWarpM;
  static constexpr int kWarpN = Mainloop::kWarpN;
  using Sums = Accumulator[Mainloop::kRowBlocks][Mainloop::kColumnTiles][4];

  __device__ __forceinline__ static void StoreTile(const GemmArgs& args, TilePlace place,
                                                   const Sums& sums, unsigned char* shared) {
    unsigned char* staging = shared + threadIdx.x / 32 * kWarpStagingBytes;
    if constexpr (kSplit) {
      StoreSums(args, place, sums, staging);
    } else {
      Epilogue<kSpec> epilogue(args, blockIdx.z);
      if constexpr (Packed::kFits) {
        Packed::Store(args, blockIdx.z, place.first_m + Mainloop::WarpM(),
                      place.first_n + Mainloop::WarpN(), sums, staging, epilogue);
      } else {
        StoreRows(args, place, sums, staging, epilogue);
      }
      epilogue.Finish();
    }
  }

  static_assert(IsLegal(kConfig, Mainloop::kElementBytes, Min(kA.access_bytes, kB.access_bytes)));

  using Staged = StagedWarpTile<kWarpM, kWarpN, kInterleaved<kA>, kInterleaved<kB>>;
  using MaskedStaged = StagedWarpTile<kWarpM, kWarpN, kInterleaved<kA>, kInterleaved<kB>,
                                      DropoutMask<kSpec>::kDrops>;
  static_assert(kThreads / 32 * Staged::kBytes == StagingBytes(kConfig));
  // Each warp stages in its share of all the shared memory, in multiples of 16 bytes.
  static constexpr int kWarpStagingBytes =
      SharedMemoryBytes(kConfig, Mainloop::kElementBytes) / (kThreads / 32) / 16 * 16;
  static_assert(kWarpStagingBytes >= Staged::kBytes);
  using Packed =
      PackedWarpTile<kSpec, kWarpM, kWarpN, kInterleaved<kA>, kInterleaved<kB>, kWarpStagingBytes>;

  // Sums of a split, as they are.
  __device__ __forceinline__ static void StoreSums(const GemmArgs& args, TilePlace place,
                                                   const Sums& sums, void* staging) {
    const int first_m = place.first_m + Mainloop::WarpM();
    const int first_n = place.first_n + Mainloop::WarpN();
    Staged::template Visit<4>(
        sums, staging, NoMask(),
        [&](const Accumulator(&values)[4], int row, int column, int, unsigned) {
          if (row < args.m - first_m) {
            StorePartial(args, blockIdx.y, blockIdx.z, first_m + row, first_n + column, values);
          }
        });
  }

  __device__ __forceinline__ static void StoreRows(const GemmArgs& args, TilePlace place,
                                                   const Sums& sums, void* staging,
                                                   Epilogue<kSpec>& epilogue) {
    constexpr int kWidth = kSpec.d_access_bytes / BytesOf(kSpec.d_type);
    constexpr int kSlots = MaskedStaged::template Slots<kWidth>();
    const int first_m = place.first_m + Mainloop::WarpM();
    const int first_n = place.first_n + Mainloop::WarpN();
    typename Epilogue<kSpec>::template ColumnTerms<kWidth> terms[kSlots];
#pragma unroll
    for (int slot = 0; slot < kSlots; ++slot) {
      terms[slot] = epilogue.template LoadColumnTerms<kWidth>(
          first_n + MaskedStaged::template ColumnOfSlot<kWidth>(slot));
    }
    const DropoutMask<kSpec> mask = epilogue.Mask();
    float column_sums[kSpec.bias_gradient ? kSlots : 1][kWidth] = {};
    MaskedStaged::template Visit<kWidth>(
        sums, staging,
        [&](int row, int column) {
          return mask.Block(first_m / 16 + row / 16, first_n / 16 + column / 16);
        },
        [&](const Accumulator(&values)[kWidth], int row, int column, int slot, unsigned keep) {
          if (row < args.m - first_m) {
            epilogue.template Apply<kWidth>(values, first_m + row, first_n + column, terms[slot],
                                            keep, column_sums[kSpec.bias_gradient ? slot : 0]);
          }
        });
    if constexpr (kSpec.bias_gradient) {
      MaskedStaged::template StoreColumnSums<kSumRows>(args, blockIdx.z, first_m, first_n,
                                                       column_sums);
    }
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SM80_CUH_
