// The main loop of gemm_sm90: one thread keeps a ring of stages filled through TMA, consumer
// warpgroups multiply them. A stage has two barriers: `full`, on which the copies' bytes are
// counted, and `empty`, at which each consumer that reads it arrives, those of the other blocks
// that its copies also go to among them. A stage with low parts has a third one, `split`, at which
// the warps that write them arrive.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_MAINLOOP_SM90_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_MAINLOOP_SM90_CUH_

#include "abi/gemm_sm90_config.h"
#include "common/cluster.cuh"
#include "common/mbarrier.cuh"
#include "common/mma.cuh"
#include "gemm/low_parts.cuh"
#include "gemm/operand_sm90.cuh"
#include "gemm/raster.cuh"
#include "gemm/split_k.cuh"
#include "gemm/sums_sm90.cuh"

namespace tilewright {

template <OperandSpec kA, OperandSpec kB, GemmSm90Config kConfig>
class MainloopSm90 {
 public:
  using Accumulator = typename AccumulatorOf<kA.type>::type;
  static constexpr int kRowBlocks = RowBlocks(kConfig);
  static constexpr int kColumns = CoreColumns(kConfig);
  static constexpr int kRingBytes = kConfig.stages * StageBytes(kConfig);
  // Of one row block, as the epilogue takes them.
  using BlockSums = Accumulator[kColumns / 8][4];
  using Sums =
      typename SumsOf<kConfig.fp16_sums != 0, Accumulator>::template Type<kRowBlocks, kColumns / 8>;
  using OperandA = OperandSm90<kA, kConfig.tile_m, kConfig.cluster_n>;
  using OperandB = OperandSm90<kB, kConfig.tile_n, kConfig.cluster_m>;
  static constexpr int kTileK = OperandA::kTileK;

  // Place of a block in its cluster.
  __device__ __forceinline__ static int RankM(unsigned rank) { return rank % kConfig.cluster_m; }
  __device__ __forceinline__ static int RankN(unsigned rank) { return rank / kConfig.cluster_m; }

  // `ring`: shared memory of the stages, `barriers` of BarrierBytes.
  __device__ __forceinline__ MainloopSm90(unsigned ring, unsigned barriers, unsigned rank)
      : ring_(ring), barriers_(barriers), rank_(rank) {}

  // One thread, before the cluster meets.
  __device__ __forceinline__ void InitBarriers() const {
    // A ping-pong stage is read by one consumer alone.
    constexpr int kReaders = kConfig.ping_pong ? 1 : kConfig.consumers;
#pragma unroll
    for (int stage = 0; stage < kConfig.stages; ++stage) {
      InitBarrier(barriers_ + stage * 8, 1);
      InitBarrier(barriers_ + (kConfig.stages + stage) * 8, kReaders * kSenders);
      if constexpr (kSplits) {
        InitBarrier(barriers_ + (2 * kConfig.stages + stage) * 8, kSplitThreads / 32);
      }
    }
    FenceBarrierInit();
  }

  // The producing thread: loads the stages of one tile, `tiles` of k from `first_tile` on.
  // a_once, b_once: no other cluster reads them. zeros: from before the begin of k, where there is
  // nothing but what TMA fills boxes with. `tile * kTileK` ends at 2^31 or before: depth.cuh.
  __device__ __forceinline__ void Load(const TensorMap& map_a, const TensorMap& map_b,
                                       TilePlace place, int batch_a, int batch_b, int first_tile,
                                       int tiles, bool a_once, bool b_once, bool zeros) {
    const int rank_m = RankM(rank_);
    const int rank_n = RankN(rank_);
    // Blocks of one row of the cluster share rows of A, those of a column columns of B.
    unsigned short row_blocks = 0;
    unsigned short column_blocks = 0;
#pragma unroll
    for (int i = 0; i < kConfig.cluster_n; ++i)
      row_blocks |= 1u << (i * kConfig.cluster_m + rank_m);
#pragma unroll
    for (int i = 0; i < kConfig.cluster_m; ++i)
      column_blocks |= 1u << (rank_n * kConfig.cluster_m + i);
#pragma unroll 1
    for (int tile = first_tile; tile < first_tile + tiles; ++tile) {
      WaitBarrier(EmptyBarrier(), phase_ ^ 1);
      ArriveExpecting(FullBarrier(), LoadedBytes(kConfig));
      const unsigned target = ring_ + stage_ * StageBytes(kConfig);
      const int first_k = zeros ? -kTileK : tile * kTileK;
      OperandA::Load(map_a, target, FullBarrier(), place.first_m, first_k, batch_a, rank_n,
                     row_blocks, a_once);
      OperandB::Load(map_b, target + OperandA::kBytes, FullBarrier(), place.first_n, first_k,
                     batch_b, rank_m, column_blocks, b_once);
      Advance();
    }
  }

  // The kSplitThreads that split, numbered by `thread`: write the low parts of the stages of one
  // tile.
  __device__ __forceinline__ void Split(int tiles, int thread) {
#pragma unroll 1
    for (int tile = 0; tile < tiles; ++tile) {
      WaitBarrier(FullBarrier(), phase_);
      const unsigned high = ring_ + stage_ * StageBytes(kConfig);
      WriteLowParts<LoadedBytes(kConfig), kSplitThreads, kSplitBatch>(
          high, high + LoadedBytes(kConfig), thread);
      // wgmma reads shared memory as the copy unit does.
      FenceForCopies();
      __syncwarp();
      if (thread % 32 == 0) Arrive(SplitBarrier());
      Advance();
    }
  }

  // A consumer: starts to set `sums` to the products of `tiles` stages. `first_block`: its first
  // row block of the tile. `scales`: UnitScales, or those of the tile's blocks, which need
  // promotion. Finish ends it; what is done in between runs under the last products.
  template <typename Scales>
  __device__ __forceinline__ void Multiply(int tiles, int first_block, Scales scales, Sums& sums) {
    if constexpr (kConfig.promote) {
      MultiplyPromoting(tiles, first_block, scales, sums);
      return;
    }
    // Without it the registers of the last tile's sums are taken up while those are widened: the
    // first product could read them.
    if constexpr (kConfig.fp16_sums) Clear(sums);
    int accumulate = 0;
#pragma unroll 1
    for (int tile = 0; tile < tiles; ++tile) {
      WaitBarrier(ReadyBarrier(), phase_);
      MultiplyStage(ring_ + stage_ * StageBytes(kConfig), first_block, accumulate, sums);
      // The products of the stage before are complete: it may be filled again.
      WgmmaWait<1>();
      if (tile > 0) Release(previous_);
      previous_ = stage_;
      Advance();
    }
  }

  // `sums` are complete once it returns. `tiles` as in Multiply, none only where kMayBeEmpty.
  template <bool kMayBeEmpty>
  __device__ __forceinline__ void Finish(int tiles, Sums& sums) const {
    if constexpr (kConfig.promote) return;
    WgmmaWait<0>();
    if (!kMayBeEmpty || tiles > 0) Release(previous_);
    Pin(sums);
    if (kMayBeEmpty && tiles == 0) Clear(sums);
  }

  // Passes over the stages of a tile that another consumer multiplies.
  __device__ __forceinline__ void Skip(int tiles) {
    stage_ += tiles;
    phase_ ^= stage_ / kConfig.stages & 1;
    stage_ %= kConfig.stages;
  }

 private:
  // Blocks whose copies arrive in a stage of one block, itself among them.
  static constexpr int kSenders = kConfig.cluster_m + kConfig.cluster_n - 1;
  static constexpr int kSteps = 4;
  static constexpr bool kSplits = kConfig.products == 3;
  // 16 registers beside those of the loop, of the 40 or, with three consumers, 32 there are.
  static constexpr int kSplitBatch = kConfig.consumers == 3 ? 2 : 4;
  using RowOperand = OperandSm90<kConfig.swap_ab ? kB : kA, CoreRows(kConfig), 1>;
  using ColumnOperand = OperandSm90<kConfig.swap_ab ? kA : kB, CoreColumns(kConfig), 1>;

  __device__ __forceinline__ unsigned FullBarrier() const { return barriers_ + stage_ * 8; }
  __device__ __forceinline__ unsigned EmptyBarrier() const {
    return barriers_ + (kConfig.stages + stage_) * 8;
  }

  __device__ __forceinline__ unsigned SplitBarrier() const {
    return barriers_ + (2 * kConfig.stages + stage_) * 8;
  }
  // What a consumer waits for.
  __device__ __forceinline__ unsigned ReadyBarrier() const {
    return kSplits ? SplitBarrier() : FullBarrier();
  }

  __device__ __forceinline__ void Advance() {
    if (++stage_ == kConfig.stages) {
      stage_ = 0;
      phase_ ^= 1;
    }
  }

  __device__ __forceinline__ void MultiplyStage(unsigned stage, int first_block, int& accumulate,
                                                Sums& sums) const {
    WgmmaFence();
    if constexpr (kSplits) {
      // The small products first, while the sums of a stage that begins at zero are small too: the
      // tensor core cuts a sum after every product, and then but four times at full size.
      const unsigned low = stage + LoadedBytes(kConfig);
      MultiplyParts(low, stage, first_block, accumulate, sums);
      MultiplyParts(stage, low, first_block, accumulate, sums);
    }
    MultiplyParts(stage, stage, first_block, accumulate, sums);
    WgmmaCommit();
  }

  // The operand of the rows at `row_part` by that of the columns at `column_part`.
  __device__ __forceinline__ static void MultiplyParts(unsigned row_part, unsigned column_part,
                                                       int first_block, int& accumulate,
                                                       Sums& sums) {
    constexpr OperandSpec kRowSpec = kConfig.swap_ab ? kB : kA;
    constexpr OperandSpec kColumnSpec = kConfig.swap_ab ? kA : kB;
    using Core = typename SumsOf<kConfig.fp16_sums != 0, Accumulator>::template Core<kColumns>;
    const unsigned long long rows =
        RowOperand::Descriptor(row_part + (kConfig.swap_ab ? OperandA::kBytes : 0)) +
        RowOperand::BlockOffset(first_block);
    const unsigned long long columns =
        ColumnOperand::Descriptor(column_part + (kConfig.swap_ab ? 0 : OperandA::kBytes));
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
#pragma unroll
      for (int block = 0; block < kRowBlocks; ++block) {
        Core::template Run<kRowSpec.type, kColumnSpec.type, !kRowSpec.k_major,
                           !kColumnSpec.k_major>(
            sums[block], rows + RowOperand::StepOffset(step) + RowOperand::BlockOffset(block),
            columns + ColumnOperand::StepOffset(step), accumulate);
      }
      accumulate = 1;
    }
  }

  // Tells every block whose copies come here that `stage` has been read. One thread a block.
  __device__ __forceinline__ void Release(unsigned stage) const {
    const unsigned barrier = barriers_ + (kConfig.stages + stage) * 8;
    const unsigned thread = threadIdx.x % 128;
    if constexpr (kSenders == 1) {
      if (thread == 0) Arrive(barrier);
    } else {
      // Lanes of different warps, so that none has two to tell. (rank by row, then by column.)
      const int rank_m = RankM(rank_);
      const int rank_n = RankN(rank_);
#pragma unroll
      for (int i = 0; i < kSenders; ++i) {
        const int other = i < kConfig.cluster_n
                              ? i * kConfig.cluster_m + rank_m
                              : rank_n * kConfig.cluster_m +
                                    (rank_m + 1 + i - kConfig.cluster_n) % kConfig.cluster_m;
        if (thread == i % 4 * 32u) ArriveRemote(barrier, other);
      }
    }
  }

  // The sums of each stage begin at zero and are added to `sums` in fp32.
  template <typename Scales>
  __device__ __forceinline__ void MultiplyPromoting(int tiles, int first_block, Scales& scales,
                                                    Sums& sums) {
    Clear(sums);
    Sums part;
#pragma unroll 1
    for (int tile = 0; tile < tiles; ++tile) {
      int accumulate = 0;
      // On their way from L2 while the stage is multiplied.
      const typename Scales::Values values = scales.Load();
      WaitBarrier(ReadyBarrier(), phase_);
      MultiplyStage(ring_ + stage_ * StageBytes(kConfig), first_block, accumulate, part);
      WgmmaWait<0>();
      Release(stage_);
      Advance();
      Pin(part);
      Scales::Add(values, part, sums);
    }
  }

  const unsigned ring_;
  const unsigned barriers_;
  const unsigned rank_;
  unsigned stage_ = 0;
  unsigned phase_ = 0;
  unsigned previous_ = 0;  // The stage whose products are still under way.
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_MAINLOOP_SM90_CUH_
