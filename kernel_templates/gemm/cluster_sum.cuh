// Sums of one tile that the blocks of a cluster made over shares of k: all but the first send
// theirs to the first one's shared memory, which adds them in the order of their ranks, so that
// the result never depends on timing.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_CLUSTER_SUM_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_CLUSTER_SUM_CUH_

#include "abi/gemm_sm90_config.h"
#include "common/cluster.cuh"
#include "common/mbarrier.cuh"
#include "common/memory.cuh"

namespace tilewright {

// One consumer thread's.
template <GemmSm90Config kConfig, typename Accumulator>
class ClusterSum {
 public:
  static constexpr int kTiles = RowBlocks(kConfig) * CoreColumns(kConfig) / 8;

  // `memory`: ExchangeBytes, then the barriers of the main loop, then two of this class. One
  // thread of every block, before the cluster meets.
  __device__ __forceinline__ static void InitBarriers(void* memory) {
    const ClusterSum sum(memory, 0);
    InitBarrier(sum.arrived_, 1);
    InitBarrier(sum.taken_, 4 * kConfig.consumers);
    FenceBarrierInit();
  }

  __device__ __forceinline__ ClusterSum(void* memory, unsigned rank)
      : memory_(SharedAddress(memory)),
        arrived_(memory_ + ExchangeBytes(kConfig) + RingBarrierBytes(kConfig)),
        taken_(arrived_ + 8),
        rank_(rank) {}

  // Called for every tile by all consumers of all blocks of the cluster. In the first block
  // `sums` are then those of all; the others' are sent.
  __device__ __forceinline__ void Meet(
      Accumulator (&sums)[RowBlocks(kConfig)][CoreColumns(kConfig) / 8][4], int consumer) {
    if (rank_ == 0) {
      if (consumer == 0 && threadIdx.x % 128 == 0) {
        ArriveExpecting(arrived_, ExchangeBytes(kConfig));
      }
      WaitBarrier(arrived_, phase_);
#pragma unroll
      for (int from = 1; from < kConfig.cluster_k; ++from) Add(sums, Slot(from, consumer));
      __syncwarp();
      if (threadIdx.x % 32 == 0) {
#pragma unroll
        for (int from = 1; from < kConfig.cluster_k; ++from) ArriveRemoteReleasing(taken_, from);
      }
    } else {
      // Before the first tile nothing waits to be taken.
      WaitBarrier(taken_, phase_ ^ 1);
      Send(sums, Slot(rank_, consumer));
    }
    phase_ ^= 1;
  }

 private:
  __device__ __forceinline__ unsigned Slot(int from, int consumer) const {
    return memory_ + ((from - 1) * kConfig.consumers + consumer) * kTiles * 128 * 16 +
           threadIdx.x % 128 * 16;
  }

  __device__ __forceinline__ static void Add(
      Accumulator (&sums)[RowBlocks(kConfig)][CoreColumns(kConfig) / 8][4], unsigned slot) {
#pragma unroll
    for (int block = 0; block < RowBlocks(kConfig); ++block) {
#pragma unroll
      for (int tile = 0; tile < CoreColumns(kConfig) / 8; ++tile, slot += 128 * 16) {
        Accumulator part[4];
        LoadSharedFour(part, slot);
#pragma unroll
        for (int i = 0; i < 4; ++i) sums[block][tile][i] += part[i];
      }
    }
  }

  __device__ __forceinline__ void Send(
      const Accumulator (&sums)[RowBlocks(kConfig)][CoreColumns(kConfig) / 8][4],
      unsigned slot) const {
    unsigned to = RemoteAddress(slot, 0);
    const unsigned barrier = RemoteAddress(arrived_, 0);
#pragma unroll
    for (int block = 0; block < RowBlocks(kConfig); ++block) {
#pragma unroll
      for (int tile = 0; tile < CoreColumns(kConfig) / 8; ++tile, to += 128 * 16) {
        StoreRemoteFour(to, sums[block][tile], barrier);
      }
    }
  }

  const unsigned memory_;
  const unsigned arrived_;  // In the first block: bytes of all sums of a tile.
  const unsigned taken_;    // In the others: their sums have been added.
  const unsigned rank_;
  unsigned phase_ = 0;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_CLUSTER_SUM_CUH_
