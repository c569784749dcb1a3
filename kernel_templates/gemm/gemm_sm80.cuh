// GEMM on the warp-level tensor core instructions of sm_80 and later: a block computes one
// tile of D from a ring of shared-memory stages that cp.async keeps filled.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SM80_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SM80_CUH_

#include "abi/gemm_sm80_config.h"
#include "abi/kernel_args.h"
#include "common/mma.cuh"
#include "epilogue/epilogue.cuh"
#include "epilogue/packed_warp_tile.cuh"
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
    Accumulator sums[kRowBlocks][kColumnTiles][4] = {};
    Multiply(args, place, SharedAddress(tilewright_shared), sums);
    // The epilogue reuses the ring.
    WaitForCopies<0>();
    __syncthreads();
    unsigned char* staging = tilewright_shared + threadIdx.x / 32 * kWarpStagingBytes;
    if constexpr (kSplit) {
      StoreSums(args, place, sums, staging);
    } else {
      Epilogue<kSpec> epilogue(args, blockIdx.z);
      if constexpr (Packed::kFits) {
        Packed::Store(args, blockIdx.z, place.first_m + WarpM(), place.first_n + WarpN(), sums,
                      staging, epilogue);
      } else {
        StoreRows(args, place, sums, staging, epilogue);
      }
      epilogue.Finish();
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

  using CopyA = OperandCopy<kA, true, kTileM, kTileK, kThreads>;
  using CopyB = OperandCopy<kB, false, kTileN, kTileK, kThreads>;
  using ReaderA = FragmentReader<kA, true, kTileM, kTileK, kWarpM / 16>;
  using ReaderB = FragmentReader<kB, false, kTileN, kTileK, kWarpN / 16>;
  using Staged = StagedWarpTile<kWarpM, kWarpN, kInterleaved<kA>, kInterleaved<kB>>;
  static constexpr int kStageBytes = CopyA::Tile::kBytes + CopyB::Tile::kBytes;
  static constexpr int kRingBytes = kConfig.stages * kStageBytes;
  static_assert(kRingBytes == PipelineBytes(kConfig, kElementBytes));
  static_assert(kThreads / 32 * Staged::kBytes == StagingBytes(kConfig));
  // Each warp stages in its share of the whole ring, in multiples of 16 bytes.
  static constexpr int kWarpStagingBytes =
      SharedMemoryBytes(kConfig, kElementBytes) / (kThreads / 32) / 16 * 16;
  static_assert(kWarpStagingBytes >= Staged::kBytes);
  using Packed = PackedWarpTile<kSpec, kWarpM, kWarpN, kInterleaved<kA>, kInterleaved<kB>,
                                kWarpStagingBytes>;
  static constexpr int kSteps = ReaderA::kSteps;
  static constexpr int kRowBlocks = kWarpM / 16;
  static constexpr int kColumnTiles = kWarpN / 8;

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

  __device__ __forceinline__ static void MultiplyRow(Accumulator (&sums)[kColumnTiles][4],
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
  __device__ __forceinline__ static void RunStep(
      Accumulator (&sums)[kRowBlocks][kColumnTiles][4], const Fragments& fragments, CopyA& a,
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
  __device__ __forceinline__ static void RunStage(
      Accumulator (&sums)[kRowBlocks][kColumnTiles][4], Fragments (&fragments)[2], CopyA& a,
      CopyB& b, const ReaderA& reader_a, const ReaderB& reader_b, Pipeline& pipeline) {
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

  __device__ __forceinline__ static void Multiply(
      const GemmArgs& args, TilePlace place, unsigned ring,
      Accumulator (&sums)[kRowBlocks][kColumnTiles][4]) {
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

  template <typename Copy>
  __device__ __forceinline__ static void BeginFirstCopies(Copy& copy, const Pipeline& pipeline,
                                                          unsigned mask) {
#pragma unroll
    for (int row = 0; row < kRowBlocks; ++row) {
      BeginCopies(copy, pipeline, mask, kSteps - 1, row);
    }
    copy.End(0, kSteps, pipeline.write, mask);
  }

  // Sums of a split, as they are.
  __device__ __forceinline__ static void StoreSums(
      const GemmArgs& args, TilePlace place,
      const Accumulator (&sums)[kRowBlocks][kColumnTiles][4], void* staging) {
    const int first_m = place.first_m + WarpM();
    const int first_n = place.first_n + WarpN();
    Staged::template Visit<4>(
        sums, staging, [&](const Accumulator(&values)[4], int row, int column, int) {
          if (row < args.m - first_m) {
            StorePartial(args, blockIdx.y, blockIdx.z, first_m + row, first_n + column, values);
          }
        });
  }

  __device__ __forceinline__ static void StoreRows(
      const GemmArgs& args, TilePlace place,
      const Accumulator (&sums)[kRowBlocks][kColumnTiles][4], void* staging,
      Epilogue<kSpec>& epilogue) {
    constexpr int kWidth = kSpec.d_access_bytes / BytesOf(kSpec.d_type);
    constexpr int kSlots = Staged::template Slots<kWidth>();
    const int first_m = place.first_m + WarpM();
    const int first_n = place.first_n + WarpN();
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
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SM80_CUH_
