// GEMM on the warp-level tensor core instructions of sm_80 and later: a block computes one
// tile of D from a ring of shared-memory stages that cp.async keeps filled.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SM80_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SM80_CUH_

#include "abi/gemm_sm80_config.h"
#include "abi/kernel_args.h"
#include "common/mma.cuh"
#include "epilogue/epilogue.cuh"
#include "epilogue/staged_warp_tile.cuh"
#include "gemm/entry.cuh"
#include "gemm/fragments.cuh"
#include "gemm/operand_copy.cuh"
#include "gemm/raster.cuh"
#include "gemm/split_k.cuh"

namespace tilewright {

// kSplit: k is shared by several blocks; the block stores its partial sums.
template <OperandSpec kA, OperandSpec kB, EpilogueSpec kSpec, GemmSm80Config kConfig, bool kSplit>
class GemmSm80 {
 public:
  static constexpr EpilogueSpec kEpilogueSpec = kSpec;
  using Accumulator = typename AccumulatorOf<kA.type>::type;
  static constexpr int kThreads = Threads(kConfig);
  static constexpr int kMinBlocks = MinBlocksPerSm(kConfig);

  __device__ __forceinline__ static void Run(const GemmArgs& args) {
    extern __shared__ __align__(1024) unsigned char tilewright_shared[];
    const TilePlace place = PlaceOfBlock(blockIdx.x, args.m, args.n, kConfig.tile_m,
                                         kConfig.tile_n, args.raster_group);
    Accumulator sums[kWarpM / 16][kWarpN / 8][4] = {};
    Multiply(args, place, SharedAddress(tilewright_shared), sums);
    // The epilogue reuses the ring.
    WaitForCopies<0>();
    __syncthreads();
    unsigned char* staging = tilewright_shared + threadIdx.x / 32 * Staged::kBytes;
    if constexpr (kSplit) {
      StoreSums(args, place, sums, staging);
    } else {
      StoreResult(args, place, sums, staging);
    }
  }

 private:
  static constexpr int kTileM = kConfig.tile_m;
  static constexpr int kTileN = kConfig.tile_n;
  static constexpr int kTileK = kConfig.tile_k;
  static constexpr int kWarpM = kTileM / kConfig.warps_m;
  static constexpr int kWarpN = kTileN / kConfig.warps_n;
  static constexpr int kElementBytes = BytesOf(kA.type);
  static_assert(kA.type == kB.type);
  static_assert(IsLegal(kConfig, kElementBytes));

  using CopyA = OperandCopy<kA, kTileM, kTileK, kThreads>;
  using CopyB = OperandCopy<kB, kTileN, kTileK, kThreads>;
  using ReaderA = FragmentReader<kA, true, kTileM, kTileK, kWarpM / 16>;
  using ReaderB = FragmentReader<kB, false, kTileN, kTileK, kWarpN / 16>;
  using Staged = StagedWarpTile<kWarpM, kWarpN, kInterleaved<kA>, kInterleaved<kB>>;
  static constexpr int kStageBytes = CopyA::Tile::kBytes + CopyB::Tile::kBytes;
  static constexpr int kRingBytes = kConfig.stages * kStageBytes;
  static_assert(kRingBytes == PipelineBytes(kConfig, kElementBytes));
  static_assert(kThreads / 32 * Staged::kBytes == StagingBytes(kConfig));
  static constexpr int kSteps = ReaderA::kSteps;
  // Copies through registers end one step after they began, and before the barrier.
  static constexpr int kParts =
      CopyA::kAsync && CopyB::kAsync ? kSteps : Max(1, kSteps - 1);

  __device__ __forceinline__ static int WarpM() {
    return static_cast<int>(threadIdx.x) / 32 % kConfig.warps_m * kWarpM;
  }
  __device__ __forceinline__ static int WarpN() {
    return static_cast<int>(threadIdx.x) / 32 / kConfig.warps_m * kWarpN;
  }

  struct Fragments {
    unsigned a[kWarpM / 16][4];
    unsigned b[kWarpN / 16][4];
  };

  __device__ __forceinline__ static void Read(Fragments& fragments, const ReaderA& reader_a,
                                              const ReaderB& reader_b, unsigned stage, int step) {
#pragma unroll
    for (int i = 0; i < kWarpM / 16; ++i) reader_a.Load(fragments.a[i], stage, i, step);
#pragma unroll
    for (int j = 0; j < kWarpN / 16; ++j) {
      reader_b.Load(fragments.b[j], stage + CopyA::Tile::kBytes, j, step);
    }
  }

  __device__ __forceinline__ static void MultiplyStep(
      Accumulator (&sums)[kWarpM / 16][kWarpN / 8][4], const Fragments& fragments) {
#pragma unroll
    for (int i = 0; i < kWarpM / 16; ++i) {
#pragma unroll
      for (int jj = 0; jj < kWarpN / 8; ++jj) {
        // There and back, so that the fragment of B at the turn is still at hand.
        const int j = i % 2 == 0 ? jj : kWarpN / 8 - 1 - jj;
        Mma<kA.type>(sums[i][j], fragments.a[i], fragments.b[j / 2][j % 2 * 2],
                     fragments.b[j / 2][j % 2 * 2 + 1]);
      }
    }
  }

  template <int kPart>
  __device__ __forceinline__ static void BeginPart(CopyA& a, CopyB& b, unsigned offset,
                                                   unsigned mask_a, unsigned mask_b) {
    a.template Begin<kPart, kParts>(offset, mask_a);
    b.template Begin<kPart, kParts>(offset, mask_b);
  }

  template <int kPart>
  __device__ __forceinline__ static void EndPart(CopyA& a, CopyB& b, unsigned offset,
                                                 unsigned mask_a, unsigned mask_b) {
    a.template End<kPart, kParts>(offset, mask_a);
    b.template End<kPart, kParts>(offset, mask_b);
  }

  template <int kPart = 0>
  __device__ __forceinline__ static void CopyWhole(CopyA& a, CopyB& b, unsigned offset,
                                                   unsigned mask_a, unsigned mask_b) {
    if constexpr (kPart < kParts) {
      BeginPart<kPart>(a, b, offset, mask_a, mask_b);
      EndPart<kPart>(a, b, offset, mask_a, mask_b);
      CopyWhole<kPart + 1>(a, b, offset, mask_a, mask_b);
    }
  }

  __device__ __forceinline__ static unsigned NextStage(unsigned offset) {
    return offset + kStageBytes == kRingBytes ? 0 : offset + kStageBytes;
  }

  // Where the pipeline stands.
  struct Pipeline {
    unsigned ring;
    unsigned read;   // Offset of the stage that is multiplied.
    unsigned write;  // Offset of the stage that is filled.
  };

  // One MMA step of a stage: reads the fragments of the next step (at the last step: of the
  // next stage, once it has arrived), starts a part of the copies, multiplies.
  template <int kStep>
  __device__ __forceinline__ static void RunSteps(Accumulator (&sums)[kWarpM / 16][kWarpN / 8][4],
                                                  Fragments (&fragments)[2], CopyA& a, CopyB& b,
                                                  const ReaderA& reader_a, const ReaderB& reader_b,
                                                  Pipeline& pipeline, unsigned mask_a,
                                                  unsigned mask_b) {
    if constexpr (kStep < kSteps) {
      constexpr bool kLast = kStep == kSteps - 1;
      constexpr int kNow = kSteps == 1 ? 0 : kStep % 2;
      if constexpr (!kLast) {
        Read(fragments[1 - kNow], reader_a, reader_b, pipeline.ring + pipeline.read, kStep + 1);
      }
      if constexpr (kStep < kParts) BeginPart<kStep>(a, b, pipeline.write, mask_a, mask_b);
      if constexpr (kLast) {
        if constexpr (kStep < kParts) EndPart<kStep>(a, b, pipeline.write, mask_a, mask_b);
        CommitCopies();
        WaitForCopies<kConfig.stages - 2>();
        __syncthreads();
        pipeline.write = pipeline.read;
        pipeline.read = NextStage(pipeline.read);
        Read(fragments[1 - kNow], reader_a, reader_b, pipeline.ring + pipeline.read, 0);
      }
      MultiplyStep(sums, fragments[kNow]);
      if constexpr (!kLast && kStep < kParts) {
        EndPart<kStep>(a, b, pipeline.write, mask_a, mask_b);
      }
      RunSteps<kStep + 1>(sums, fragments, a, b, reader_a, reader_b, pipeline, mask_a, mask_b);
    }
  }

  __device__ __forceinline__ static void Multiply(
      const GemmArgs& args, TilePlace place, unsigned ring,
      Accumulator (&sums)[kWarpM / 16][kWarpN / 8][4]) {
    const int tiles = (args.k - 1) / kTileK + 1;
    DepthRange range = {0, tiles};
    if constexpr (kSplit) range = ShareOfDepth(tiles, blockIdx.y, args.split_k);
    if (range.count == 0) return;
    const long long batch = blockIdx.z;
    const long long first_k = static_cast<long long>(range.first) * kTileK;
    CopyA a(static_cast<const char*>(args.a) + batch * args.a_batch_stride * kElementBytes,
            args.lda, place.first_m, args.m, first_k, ring);
    CopyB b(static_cast<const char*>(args.b) + batch * args.b_batch_stride * kElementBytes,
            args.ldb, place.first_n, args.n, first_k, ring + CopyA::Tile::kBytes);
    const ReaderA reader_a(WarpM());
    const ReaderB reader_b(WarpN());

    // A last tile of k that is not full comes first: the sum does not mind, and the main
    // loop then only copies full tiles.
    const int left = args.k % kTileK;
    const bool has_tail = left != 0 && range.first + range.count == tiles;
#pragma unroll
    for (int stage = 0; stage < kConfig.stages - 1; ++stage) {
      const unsigned offset = stage * kStageBytes;
      if (stage == 0 && has_tail) {
        a.CopyTail(offset, range.count - 1, left);
        b.CopyTail(offset, range.count - 1, left);
      } else {
        const bool exists = stage < range.count;
        CopyWhole(a, b, offset, a.MaskIf(exists), b.MaskIf(exists));
      }
      CommitCopies();
    }
    WaitForCopies<kConfig.stages - 2>();
    __syncthreads();
    Fragments fragments[2];
    Pipeline pipeline = {ring, 0, (kConfig.stages - 1) * kStageBytes};
    Read(fragments[0], reader_a, reader_b, ring, 0);
#pragma unroll 1
    for (int left_to_copy = range.count - (kConfig.stages - 1);
         left_to_copy > 1 - kConfig.stages; --left_to_copy) {
      const bool exists = left_to_copy > 0;
      RunSteps<0>(sums, fragments, a, b, reader_a, reader_b, pipeline, a.MaskIf(exists),
                  b.MaskIf(exists));
      if constexpr (kSteps == 1) fragments[0] = fragments[1];
    }
  }

  // Sums of a split, as they are.
  __device__ __forceinline__ static void StoreSums(
      const GemmArgs& args, TilePlace place,
      const Accumulator (&sums)[kWarpM / 16][kWarpN / 8][4], void* staging) {
    const int first_m = place.first_m + WarpM();
    const int first_n = place.first_n + WarpN();
    Staged::template Visit<4>(
        sums, staging, [&](const Accumulator(&values)[4], int row, int column, int) {
          if (row < args.m - first_m) {
            StorePartial(args, blockIdx.y, blockIdx.z, first_m + row, first_n + column, values);
          }
        });
  }

  __device__ __forceinline__ static void StoreResult(
      const GemmArgs& args, TilePlace place,
      const Accumulator (&sums)[kWarpM / 16][kWarpN / 8][4], void* staging) {
    constexpr int kWidth = kSpec.d_access_bytes / BytesOf(kSpec.d_type);
    constexpr int kSlots = Staged::template Slots<kWidth>();
    const int first_m = place.first_m + WarpM();
    const int first_n = place.first_n + WarpN();
    Epilogue<kSpec> epilogue(args, blockIdx.z);
    typename Epilogue<kSpec>::template ColumnBias<kWidth> bias[kSlots];
#pragma unroll
    for (int slot = 0; slot < kSlots; ++slot) {
      bias[slot] = epilogue.template LoadColumnBias<kWidth>(
          first_n + Staged::template ColumnOfSlot<kWidth>(slot));
    }
    Staged::template Visit<kWidth>(
        sums, staging, [&](const Accumulator(&values)[kWidth], int row, int column, int slot) {
          if (row < args.m - first_m) {
            epilogue.template Apply<kWidth>(values, first_m + row, first_n + column, bias[slot]);
          }
        });
    epilogue.Finish();
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SM80_CUH_
