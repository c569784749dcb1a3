// The main loop of gemm_sm80: multiplies one block's tile over its share of k.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_MAINLOOP_SM80_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_MAINLOOP_SM80_CUH_

#include "abi/gemm_sm80_config.h"
#include "abi/kernel_args.h"
#include "common/cp_async.cuh"
#include "common/mma.cuh"
#include "gemm/fragments.cuh"
#include "gemm/operand_copy.cuh"
#include "gemm/raster.cuh"
#include "gemm/split_k.cuh"

namespace tilewright {

template <OperandSpec kA, OperandSpec kB, GemmSm80Config kConfig>
class MainloopSm80 {
 public:
  using Accumulator = typename AccumulatorOf<kA.type>::type;
  static constexpr int kThreads = Threads(kConfig);
  static constexpr int kWarpM = kConfig.tile_m / kConfig.warps_m;
  static constexpr int kWarpN = kConfig.tile_n / kConfig.warps_n;
  static constexpr int kRowBlocks = kWarpM / 16;
  static constexpr int kColumnTiles = kWarpN / 8;
  static constexpr int kElementBytes = BytesOf(kA.type);
  using TileSums = typename SumsOfTile<kConfig.fp16_sums != 0, Accumulator>::type;
  using Sums = TileSums[kRowBlocks][kColumnTiles];

  // Where this warp's tile begins in the block's.
  __device__ __forceinline__ static int WarpM() {
    return static_cast<int>(threadIdx.x) / 32 % kConfig.warps_m * kWarpM;
  }
  __device__ __forceinline__ static int WarpN() {
    return static_cast<int>(threadIdx.x) / 32 / kConfig.warps_m * kWarpN;
  }

  // Tiles of k are below 2^28; where one begins is computed in 64 bits.
  //
  // Adds to `sums` share `split` of `splits` of the tile at `place`. `ring` is the shared
  // memory of the pipeline; copies may still be under way into it when this returns.
  __device__ __forceinline__ static void Run(const GemmArgs& args, TilePlace place, int split,
                                             int splits, unsigned ring, Sums& sums) {
    const int tiles = CeilDiv(args.k, kTileK);
    const DepthRange range = ShareOfDepth(tiles, split, splits);
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
        CopyWhole(a, offset, stage < range.count);
        CopyWhole(b, offset, stage < range.count);
      }
      CommitCopies();
    }
    WaitForCopies<kConfig.stages - 2>();
    __syncthreads();
    Fragments fragments[2];
    Pipeline pipeline = {.ring = ring,
                         .read = 0,
                         .write = (kConfig.stages - 1) * kStageBytes,
                         .left = range.count - (kConfig.stages - 1) + 1,
                         .mask_a = 0,
                         .mask_b = 0};
    StartTile(pipeline, a, b);
    // The share of the first tile's copies that would have come in a step before.
    BeginFirstCopies(a, pipeline, pipeline.mask_a);
    BeginFirstCopies(b, pipeline, pipeline.mask_b);
    Read(fragments[0], reader_a, reader_b, ring, 0);
#pragma unroll 1
    do {
      RunStage(sums, fragments, a, b, reader_a, reader_b, pipeline);
    } while (pipeline.left > 1 - kConfig.stages);
  }

 private:
  static constexpr int kTileK = kConfig.tile_k;
  using CopyA = OperandCopy<kA, true, kConfig.tile_m, kTileK, kThreads>;
  using CopyB = OperandCopy<kB, false, kConfig.tile_n, kTileK, kThreads>;
  using ReaderA = FragmentReader<kA, true, kConfig.tile_m, kTileK, kWarpM / 16>;
  using ReaderB = FragmentReader<kB, false, kConfig.tile_n, kTileK, kWarpN / 16>;
  static constexpr int kSteps = ReaderA::kSteps;
  static constexpr int kStageBytes = CopyA::Tile::kBytes + CopyB::Tile::kBytes;
  static constexpr int kRingBytes = kConfig.stages * kStageBytes;
  static_assert(kA.type == kB.type);
  static_assert(kRingBytes == PipelineBytes(kConfig, kElementBytes));

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

  __device__ __forceinline__ static void MultiplyRow(TileSums (&sums)[kColumnTiles],
                                                     const Fragments& fragments, int i) {
#pragma unroll
    for (int jj = 0; jj < kColumnTiles; ++jj) {
      // There and back, so that the fragment of B at the turn is still at hand.
      const int j = i % 2 == 0 ? jj : kColumnTiles - 1 - jj;
      Mma<kA.type>(sums[j], fragments.a[i], fragments.b[j / 2][j % 2 * 2],
                   fragments.b[j / 2][j % 2 * 2 + 1]);
    }
  }

  __device__ __forceinline__ static unsigned NextStage(unsigned offset) {
    return offset + kStageBytes == kRingBytes ? 0 : offset + kStageBytes;
  }

  // Where the pipeline stands.
  struct Pipeline {
    unsigned ring;
    unsigned read;    // Offset of the stage that is multiplied.
    unsigned write;   // Offset of the stage that is filled.
    int left;         // Tiles to copy, the one under way included; negative once drained.
    unsigned mask_a;  // The copies to make for the tile under way.
    unsigned mask_b;
  };

  // Starts the copies that belong before row block `row` of a step. The copies of a tile
  // begin in the last step of the tile before, after the barrier that frees their stage, and
  // end before the next barrier, evenly spread: issue is in order, and a warp that finds the
  // queue to memory full has MMAs waiting behind it. (What remains of their cost is the
  // bandwidth of shared memory: on sm_90 reads and writes of 64x64 warp tiles take 0.9 of
  // the time that the MMAs do, and larger warp tiles do not fit the registers.)
  // Copies through registers are begun at the first row block of a step and end with it.
  template <typename Copy>
  __device__ __forceinline__ static void BeginCopies(Copy& copy, const Pipeline& pipeline,
                                                     unsigned mask, int step, int row) {
    const int turn = (step + 1) % kSteps;
    if (Copy::kAsync) {
      copy.Begin(turn * kRowBlocks + row, kSteps * kRowBlocks, pipeline.write, mask);
    } else if (row == 0) {
      copy.Begin(turn, kSteps, pipeline.write, mask);
    }
  }

  // Multiplies one step, starting its share of the copies.
  __device__ __forceinline__ static void RunStep(Sums& sums, const Fragments& fragments, CopyA& a,
                                                 CopyB& b, const Pipeline& pipeline, int step) {
#pragma unroll
    for (int row = 0; row < kRowBlocks; ++row) {
      BeginCopies(a, pipeline, pipeline.mask_a, step, row);
      BeginCopies(b, pipeline, pipeline.mask_b, step, row);
      MultiplyRow(sums[row], fragments, row);
    }
    a.End((step + 1) % kSteps, kSteps, pipeline.write, pipeline.mask_a);
    b.End((step + 1) % kSteps, kSteps, pipeline.write, pipeline.mask_b);
  }

  // Multiplies one stage. The fragments of a step are read during the step before, those of
  // the next stage's first step during the last one, once that stage has arrived.
  __device__ __forceinline__ static void RunStage(Sums& sums, Fragments (&fragments)[2], CopyA& a,
                                                  CopyB& b, const ReaderA& reader_a,
                                                  const ReaderB& reader_b, Pipeline& pipeline) {
#pragma unroll
    for (int step = 0; step < kSteps - 1; ++step) {
      Read(fragments[1 - step % 2], reader_a, reader_b, pipeline.ring + pipeline.read, step + 1);
      RunStep(sums, fragments[step % 2], a, b, pipeline, step);
    }
    CommitCopies();
    WaitForCopies<kConfig.stages - 2>();
    __syncthreads();
    pipeline.write = pipeline.read;
    pipeline.read = NextStage(pipeline.read);
    StartTile(pipeline, a, b);
    constexpr int kNow = (kSteps - 1) % 2;
    Read(fragments[1 - kNow], reader_a, reader_b, pipeline.ring + pipeline.read, 0);
    RunStep(sums, fragments[kNow], a, b, pipeline, kSteps - 1);
    if constexpr (kSteps == 1) fragments[0] = fragments[1];
  }

  __device__ __forceinline__ static void StartTile(Pipeline& pipeline, const CopyA& a,
                                                   const CopyB& b) {
    --pipeline.left;
    pipeline.mask_a = a.MaskIf(pipeline.left > 0);
    pipeline.mask_b = b.MaskIf(pipeline.left > 0);
  }

  // Copies a whole tile at once.
  template <typename Copy>
  __device__ __forceinline__ static void CopyWhole(Copy& copy, unsigned offset, bool exists) {
    copy.Begin(0, 1, offset, copy.MaskIf(exists));
    copy.End(0, 1, offset, copy.MaskIf(exists));
  }

  template <typename Copy>
  __device__ __forceinline__ static void BeginFirstCopies(Copy& copy, const Pipeline& pipeline,
                                                          unsigned mask) {
#pragma unroll
    for (int row = 0; row < kRowBlocks; ++row) {
      BeginCopies(copy, pipeline, mask, kSteps - 1, row);
    }
    copy.End(0, kSteps, pipeline.write, mask);
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_MAINLOOP_SM80_CUH_
