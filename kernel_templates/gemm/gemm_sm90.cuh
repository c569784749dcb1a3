// GEMM on the warpgroup-level tensor core instructions of sm_90a: persistent blocks, in which
// one thread loads through TMA and warpgroups multiply and store. Cooperative consumers share a
// tile by rows; ping-pong ones take tiles in turn, so that one's epilogue runs under the other's
// main loop.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SM90_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SM90_CUH_

#include "abi/gemm_sm90_config.h"
#include "abi/kernel_args.h"
#include "gemm/block_scales.cuh"
#include "gemm/cluster_sum.cuh"
#include "gemm/entry.cuh"
#include "gemm/fp16_sums.cuh"
#include "gemm/mainloop_sm90.cuh"
#include "gemm/raster.cuh"
#include "gemm/split_k.cuh"
#include "gemm/store_sm90.cuh"
#include "gemm/tile_walk.cuh"

namespace tilewright {

// The public members are what the entries of entry.cuh need of a template.
// kSplit: k is shared by several blocks; the block stores its partial sums.
template <OperandSpec kA, OperandSpec kB, EpilogueSpec kSpec, GemmSm90Config kConfig, bool kSplit>
class GemmSm90 {
 private:
  using Mainloop = MainloopSm90<kA, kB, kConfig>;

 public:
  static constexpr EpilogueSpec kEpilogueSpec = kSpec;
  using Accumulator = typename Mainloop::Accumulator;
  using Store = StoreSm90<kSpec, kConfig, kSplit, Accumulator>;
  static constexpr int kThreads = Threads(kConfig);
  static constexpr int kMinBlocks = 1;
  static constexpr int kSumRows = Store::kSumRows;
  // Of A, of B and, where TMA stores it, of D and of what passes beside it.
  struct Maps {
    TensorMap map[2 + Store::kMaps];
  };

  __device__ __forceinline__ static void Run(const GemmArgs& args, const Maps& maps) {
    extern __shared__ __align__(1024) unsigned char tilewright_shared[];
    const unsigned rank = kClusterBlocks > 1 ? ClusterRank() : 0;
    // Blocks that share k share no operands.
    const unsigned operand_rank = kConfig.cluster_k > 1 ? 0 : rank;
    Mainloop mainloop(SharedAddress(tilewright_shared),
                      SharedAddress(tilewright_shared + kBarrierOffset), operand_rank);
    if (threadIdx.x == 0) {
      PrefetchTensorMap(maps.map[0]);
      PrefetchTensorMap(maps.map[1]);
      mainloop.InitBarriers();
      if constexpr (kConfig.cluster_k > 1)
        Exchange::InitBarriers(tilewright_shared + kExchangeOffset);
      if constexpr (Store::kDirection == Direction::kIn) {
        for (int warp = 0; warp < 4 * kConfig.consumers; ++warp) {
          Beside::InitBarriers(SharedAddress(tilewright_shared + kBesideOffset) + warp * 16);
        }
        FenceBarrierInit();
      }
    }
    Meet();
    WaitForEarlierGrids();
    AllowLaterGrids();
    // The compiler must see that all of a warp takes the same branch.
    const int warpgroup = __shfl_sync(0xFFFFFFFF, threadIdx.x / 128, 0);
    if (warpgroup == 0) {
      if constexpr (kMovesRegisters) ShrinkRegisters<SplitRegisters(kConfig).producer>();
      const int warp = __shfl_sync(0xFFFFFFFF, threadIdx.x / 32, 0);
      if (warp == 0 && ElectLane()) Produce(args, maps, rank, mainloop);
      if constexpr (kConfig.products == 3) {
        if (warp > 0) SplitOperands(args, rank, mainloop);
      }
      __syncwarp();
    } else {
      if constexpr (kMovesRegisters) GrowRegisters<SplitRegisters(kConfig).consumer>();
      unsigned char* const staging =
          tilewright_shared + Mainloop::kRingBytes + (warpgroup - 1) * 4 * Store::kStagingBytes;
      const unsigned beside_barriers =
          SharedAddress(tilewright_shared + kBesideOffset) + (threadIdx.x / 32 - 4) * 16;
      Consume(args, maps, rank, warpgroup - 1, staging, beside_barriers, mainloop);
    }
    // Other blocks may still send to this one's shared memory, or wait at its barriers.
    if constexpr (kClusterBlocks > 1) SyncCluster();
  }

 private:
  using Sums = typename Mainloop::Sums;
  using WideSums = Accumulator[Mainloop::kRowBlocks][Mainloop::kColumns / 8][4];
  using Exchange = ClusterSum<kConfig, Accumulator>;
  using Beside = typename Store::Beside;
  static constexpr int kClusterBlocks = ClusterBlocks(kConfig);
  // A share of k may be empty where a shape other than the tuned one has less of it.
  static constexpr bool kMayBeEmpty = kSplit || kConfig.cluster_k > 1;
  static constexpr int kBarrierOffset =
      Mainloop::kRingBytes + 4 * kConfig.consumers * Store::kStagingBytes + ExchangeBytes(kConfig);
  // The sums that other blocks send, and after them the barriers: the mainloop's, then its own.
  static constexpr int kExchangeOffset = kBarrierOffset - ExchangeBytes(kConfig);
  static constexpr int kBesideOffset =
      kBarrierOffset + RingBarrierBytes(kConfig) + ExchangeBarrierBytes(kConfig);
  static_assert(kBarrierOffset + BarrierBytes(kConfig, Store::kPath) ==
                SharedMemoryBytes(kConfig, Store::kPath));
  static_assert(SharedMemoryBytes(kConfig, Store::kPath) <= kSm90SharedMemory);
  static_assert(IsLegal(kConfig));
  static constexpr bool kBlockScales = kSpec.scaling == Scaling::kBlock128;
  static_assert(!kBlockScales || (BlockScalesFit(kConfig) && Mainloop::kTileK == kScaleBlock));
  // Where alpha is 0 nothing of A and B may reach D. Passed by value, it lets the producer load
  // boxes from before the begin of k, which are zeros, and the consumers are as ever: to clear sums
  // makes some of them spill. In device memory it is not known in time, and scales of blocks may
  // make NaN of zeros. A second launch that adds up splits does so by itself.
  static constexpr bool kClearsSums = !kSplit && (kSpec.device_scalars || kBlockScales);
  // Two warpgroups have all the registers they can use.
  static constexpr bool kMovesRegisters = kConfig.consumers > 1;
  // Named barriers of consumer 0, those of the others following; 0 is that of __syncthreads.
  static constexpr int kTurnBarrier = 1;
  static constexpr int kStoreBarrier = 3;

  // The tiles of one block: all consumers and the producer walk them alike.
  class Walk
      : public TileWalk<kConfig.tile_m * kConfig.cluster_m, kConfig.tile_n * kConfig.cluster_n> {
   public:
    __device__ __forceinline__ Walk(const GemmArgs& args, unsigned rank)
        : TileWalk<kConfig.tile_m * kConfig.cluster_m, kConfig.tile_n * kConfig.cluster_n>(
              args, blockIdx.x / kClusterBlocks,
              kConfig.cluster_k > 1 ? 0 : Mainloop::RankM(rank) * kConfig.tile_m,
              kConfig.cluster_k > 1 ? 0 : Mainloop::RankN(rank) * kConfig.tile_n) {}

    __device__ __forceinline__ void Advance() { this->Next(gridDim.x / kClusterBlocks); }
  };

  __device__ __forceinline__ static DepthRange Depth(const GemmArgs& args, unsigned rank) {
    const int tiles = CeilDiv(args.k, Mainloop::kTileK);
    if constexpr (kConfig.cluster_k > 1) return ShareOfDepth(tiles, rank, kConfig.cluster_k);
    if constexpr (kSplit) return ShareOfDepth(tiles, blockIdx.y, args.split_k);
    return {0, tiles};
  }

  // Barriers are initialised for all that use them.
  __device__ __forceinline__ static void Meet() {
    if constexpr (kClusterBlocks > 1) {
      SyncCluster();
    } else {
      __syncthreads();
    }
  }

  __device__ __forceinline__ static void Produce(const GemmArgs& args, const Maps& maps,
                                                 unsigned rank, Mainloop& mainloop) {
    const DepthRange depth = Depth(args, rank);
    // With one row of tiles each column of B is read by one cluster alone, and likewise A.
    const bool a_once = args.n <= kConfig.tile_n * kConfig.cluster_n;
    const bool b_once = args.m <= kConfig.tile_m * kConfig.cluster_m;
    const bool loads_zeros = !kSpec.device_scalars && !EpilogueFactors<kSpec>(args).TakesSums();
    for (Walk walk(args, rank); !walk.AtEnd(); walk.Advance()) {
      const int batch = walk.Batch();
      // The map of an operand that all batches share has one.
      mainloop.Load(maps.map[0], maps.map[1], walk.Place(), args.a_batch_stride == 0 ? 0 : batch,
                    args.b_batch_stride == 0 ? 0 : batch, depth.first, depth.count, a_once, b_once,
                    loads_zeros);
    }
  }

  // The low parts of all that the producer loads.
  __device__ __forceinline__ static void SplitOperands(const GemmArgs& args, unsigned rank,
                                                       Mainloop& mainloop) {
    const DepthRange depth = Depth(args, rank);
    for (Walk walk(args, rank); !walk.AtEnd(); walk.Advance()) {
      mainloop.Split(depth.count, static_cast<int>(threadIdx.x) - (128 - kSplitThreads));
    }
  }

  // Where blocks share k, the first of them stores what all of them have.
  __device__ __forceinline__ static bool StoresTiles(unsigned rank) {
    return kConfig.cluster_k == 1 || rank == 0;
  }

  __device__ __forceinline__ static void Consume(const GemmArgs& args, const Maps& maps,
                                                 unsigned rank, int consumer,
                                                 unsigned char* staging, unsigned beside_barriers,
                                                 Mainloop& mainloop) {
    const DepthRange depth = Depth(args, rank);
    Walk walk(args, rank);
    if constexpr (kConfig.ping_pong) {
      if (consumer == 1) {
        GiveTurn(0);
        mainloop.Skip(depth.count);
        walk.Advance();
      }
    }
    Exchange exchange(staging - consumer * 4 * Store::kStagingBytes +
                          4 * kConfig.consumers * Store::kStagingBytes,
                      rank);
    const int first_block = FirstBlock(consumer);
    const EpilogueFactors<kSpec> factors(args);
    int turn = 0;
    Beside beside(&maps.map[Store::kMaps > 1 ? 3 : 0], beside_barriers, factors);
    while (!walk.AtEnd()) {
      Sums sums;
      const TilePlace at = PlaceOfWarp(walk.Place(), consumer);
      if (Store::kDirection == Direction::kIn && StoresTiles(rank)) {
        const int warp = static_cast<int>(threadIdx.x) / 32 % 4;
        beside.Begin(args, walk.Batch(), at.first_m, walk.Place().first_n,
                     SharedAddress(staging + warp * Store::kStagingBytes));
      }
      if constexpr (kConfig.ping_pong) AwaitTurn(consumer);
      if constexpr (kBlockScales) {
        const BlockScales<kConfig> scales(args, walk.Place(), walk.Batch(), first_block,
                                          depth.first);
        mainloop.Multiply(depth.count, first_block, scales, sums);
      } else {
        mainloop.Multiply(depth.count, first_block, UnitScales<kConfig>(), sums);
      }
      if constexpr (kConfig.ping_pong) GiveTurn(1 - consumer);
      const TilePlace place = walk.Place();
      mainloop.template Finish<kMayBeEmpty>(depth.count, sums);
      if constexpr (kClearsSums) {
        if (!factors.TakesSums()) Clear(sums);
      }
      const auto store = [&](auto& all) {
        StoreTile(args, maps, factors, rank, walk.Batch(), place, consumer, all, turn, beside,
                  exchange, staging);
      };
      if constexpr (kConfig.fp16_sums && kConfig.cluster_k > 1) {
        WideSums wide;
#pragma unroll
        for (int block = 0; block < Mainloop::kRowBlocks; ++block) Widen(sums[block], wide[block]);
        store(wide);
      } else {
        store(sums);
      }
      walk.Advance();
      if constexpr (kConfig.ping_pong) {
        mainloop.Skip(depth.count);
        walk.Advance();
      }
    }
    Store::Finish();
  }

  // Only one consumer multiplies at a time.
  __device__ __forceinline__ static void AwaitTurn(int consumer) {
    SyncThreads(kTurnBarrier + consumer, 256);
  }
  __device__ __forceinline__ static void GiveTurn(int consumer) {
    ArriveThreads(kTurnBarrier + consumer, 256);
  }

  // A consumer's first row block of the tile.
  __device__ __forceinline__ static int FirstBlock(int consumer) {
    return kConfig.ping_pong ? 0 : consumer * Mainloop::kRowBlocks;
  }

  // Where in D the first fragments of this warp lie.
  __device__ __forceinline__ static TilePlace PlaceOfWarp(TilePlace tile, int consumer) {
    const int core_row = FirstBlock(consumer) * 64 + static_cast<int>(threadIdx.x) / 32 % 4 * 16;
    return {tile.first_m + (kConfig.swap_ab ? 0 : core_row),
            tile.first_n + (kConfig.swap_ab ? core_row : 0)};
  }

  template <typename AnySums>
  __device__ __forceinline__ static void StoreTile(const GemmArgs& args, const Maps& maps,
                                                   const EpilogueFactors<kSpec>& factors,
                                                   unsigned rank, int batch, TilePlace place,
                                                   int consumer, AnySums& sums, int& turn,
                                                   Beside& beside, Exchange& exchange,
                                                   unsigned char* staging) {
    if constexpr (kConfig.cluster_k > 1) {
      exchange.Meet(sums, consumer);
      if (!StoresTiles(rank)) return;
    }
    const TensorMap* map_d = Store::kMaps > 0 ? &maps.map[Store::kMaps > 0 ? 2 : 0] : nullptr;
    Epilogue<kSpec> epilogue(args, batch, factors);
#pragma unroll
    for (int block = 0; block < Mainloop::kRowBlocks; ++block) {
      const int row = (FirstBlock(consumer) + block) * 64;
      const auto store = [&](const typename Mainloop::BlockSums& of_block) {
        Store::Store(args, map_d, batch, place.first_m + (kConfig.swap_ab ? 0 : row),
                     place.first_n + (kConfig.swap_ab ? row : 0), of_block, turn, beside, staging,
                     kStoreBarrier + consumer, epilogue);
      };
      if constexpr (kConfig.fp16_sums && kConfig.cluster_k == 1) {
        typename Mainloop::BlockSums wide;
        Widen(sums[block], wide);
        store(wide);
      } else {
        store(sums[block]);
      }
    }
    if constexpr (!kSplit) epilogue.Finish();
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_GEMM_SM90_CUH_
