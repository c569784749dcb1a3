// Sums over the threads of a row, and over the rows of a block.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_GROUP_SUM_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_GROUP_SUM_CUH_

#include "abi/fused_dropout_args.h"
#include "abi/fused_dropout_config.h"
#include "dropout/row_pair.cuh"

namespace tilewright {

template <int kCount>
__device__ __forceinline__ void SumOverLanes(float (&values)[kCount], int lanes) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    if (distance >= lanes) continue;
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      values[i] += __shfl_xor_sync(0xFFFFFFFF, values[i], distance);
    }
  }
}

// Adds up values of the threads that share a pair of rows; every one of them gets the same bits.
// Of a block whose threads all call it together.
template <FusedDropoutConfig kConfig>
class GroupSum {
 public:
  __device__ __forceinline__ explicit GroupSum(float* shared) : shared_(shared) {}

  template <int kCount>
  __device__ __forceinline__ void Add(float (&values)[kCount]) {
    static_assert(kCount <= 4);
    SumOverLanes(values, Min(kConfig.column_threads, 32));
    if constexpr (kWarps > 1) {
      // Two buffers take turns: a warp that is ahead does not overwrite what another still reads.
      float* buffer = shared_ + (turn_ ? GroupSumFloats(kConfig) / 2 : 0);
      turn_ = !turn_;
      const unsigned warp = threadIdx.x / 32;
      if (threadIdx.x % 32 == 0) {
#pragma unroll
        for (int i = 0; i < kCount; ++i) buffer[warp * 4 + i] = values[i];
      }
      __syncthreads();
      const unsigned from = warp / kWarps * kWarps + threadIdx.x % kWarps;
#pragma unroll
      for (int i = 0; i < kCount; ++i) values[i] = buffer[from * 4 + i];
      SumOverLanes(values, kWarps);
    }
  }

 private:
  static constexpr int kWarps = kConfig.column_threads / 32;  // Of a group; 0: part of a warp.

  float* shared_;
  bool turn_ = false;
};

// Running sums of columns over the rows that a thread sees: kKinds gradients at once.
template <FusedDropoutConfig kConfig, int kKinds>
class ColumnSumsOfThread {
 public:
  __device__ __forceinline__ void Clear() {
#pragma unroll
    for (int kind = 0; kind < kKinds; ++kind) {
#pragma unroll
      for (int slot = 0; slot < kConfig.slots; ++slot) {
#pragma unroll
        for (int i = 0; i < kConfig.vector; ++i) sums_[kind][slot][i] = 0;
      }
    }
  }

  __device__ __forceinline__ void Add(int kind, int slot, int i, float value) {
    sums_[kind][slot][i] += value;
  }

  // Adds up the block's pairs in order and stores partial sums [kind][tile][column]. All threads
  // of the block call it. `shared`: a vector a thread.
  __device__ __forceinline__ void Store(const FusedDropoutArgs& args, unsigned tile,
                                        unsigned first_column, float* shared) const {
    const unsigned tiles = (args.rows - 1u) / kConfig.tile_m + 1;
#pragma unroll
    for (int kind = 0; kind < kKinds; ++kind) {
      float* to = args.column_sums + (static_cast<long long>(kind) * tiles + tile) * args.columns;
#pragma unroll
      for (int slot = 0; slot < kConfig.slots; ++slot) {
        const unsigned first = first_column + slot * kSlotColumns;
        if constexpr (PairsAtOnce(kConfig) == 1) {
#pragma unroll
          for (int i = 0; i < kConfig.vector; ++i) {
            const unsigned column = first + threadIdx.x * kConfig.vector + i;
            if (column < static_cast<unsigned>(args.columns)) to[column] = sums_[kind][slot][i];
          }
        } else {
          __syncthreads();
#pragma unroll
          for (int i = 0; i < kConfig.vector; ++i) {
            shared[threadIdx.x * kConfig.vector + i] = sums_[kind][slot][i];
          }
          __syncthreads();
          for (unsigned column = threadIdx.x; column < kSlotColumns; column += kConfig.threads) {
            float sum = 0;
#pragma unroll 4
            for (int group = 0; group < PairsAtOnce(kConfig); ++group) {
              sum += shared[group * kSlotColumns + column];
            }
            if (first + column < static_cast<unsigned>(args.columns)) to[first + column] = sum;
          }
        }
      }
    }
  }

 private:
  static constexpr unsigned kSlotColumns = kConfig.vector * kConfig.column_threads;

  float sums_[kKinds][kConfig.slots][kConfig.vector];
};

// Body of the second step: a block owns kColumnReduceColumns columns and adds up their partial
// sums, of all gradients side by side: each share of the tiles in order and then the shares.
template <FusedDropoutConfig kConfig, int kKinds>
__device__ __forceinline__ void ReduceColumnSums(const FusedDropoutArgs& args,
                                                 float* const (&targets)[kKinds]) {
  constexpr unsigned kShares = kColumnReduceThreads / kColumnReduceColumns;
  __shared__ float shared[kKinds][kShares][kColumnReduceColumns];
  const unsigned tiles = (args.rows - 1u) / kConfig.tile_m + 1;
  const unsigned lane = threadIdx.x % kColumnReduceColumns;
  const unsigned share = threadIdx.x / kColumnReduceColumns;
  const unsigned column = blockIdx.x * kColumnReduceColumns + lane;
  const bool exists = column < static_cast<unsigned>(args.columns);
  float sums[kKinds] = {};
  if (exists) {
#pragma unroll 4
    for (unsigned tile = share; tile < tiles; tile += kShares) {
#pragma unroll
      for (int kind = 0; kind < kKinds; ++kind) {
        sums[kind] += args.column_sums[(static_cast<long long>(kind) * tiles + tile) *
                                           args.columns + column];
      }
    }
  }
#pragma unroll
  for (int kind = 0; kind < kKinds; ++kind) shared[kind][share][lane] = sums[kind];
  __syncthreads();
#pragma unroll
  for (int kind = 0; kind < kKinds; ++kind) {
    if (share != static_cast<unsigned>(kind) || !exists) continue;
    float sum = 0;
#pragma unroll
    for (unsigned other = 0; other < kShares; ++other) sum += shared[kind][other][lane];
    targets[kind][column] = sum;
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_GROUP_SUM_CUH_
