// Sums over the threads of a row, and over the rows of a block.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_GROUP_SUM_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_GROUP_SUM_CUH_

#include "abi/fused_dropout_args.h"
#include "abi/fused_dropout_config.h"
#include "common/cluster.cuh"
#include "dropout/row_pair.cuh"

namespace tilewright {

// Sums over parts of a warp of `lanes` lanes; every lane gets those of its own.
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

// Sums over a warp: of value k in the lanes from k * 32 / kCount on. Lanes hand each other the
// values that the other one goes on with, so that 4 values take 6 shuffles and not 20.
template <int kCount>
__device__ __forceinline__ float SpreadSums(float (&values)[kCount]) {
#pragma unroll
  for (int count = kCount; count > 1; count /= 2) {
    const int distance = 16 * count / kCount;
    const bool is_upper = threadIdx.x & distance;
#pragma unroll
    for (int i = 0; i < count / 2; ++i) {
      const float given = is_upper ? values[i] : values[i + count / 2];
      const float kept = is_upper ? values[i + count / 2] : values[i];
      values[i] = kept + __shfl_xor_sync(0xFFFFFFFF, given, distance);
    }
  }
  float sum[1] = {values[0]};
  SumOverLanes(sum, 32 / kCount);
  return sum[0];
}

// Adds up values of the threads that share a pair of rows; every one of them gets the same bits.
// Of a block whose threads all call it, those of a group together.
template <FusedDropoutConfig kConfig>
class GroupSum {
 public:
  __device__ __forceinline__ explicit GroupSum(float* shared) : shared_(shared) {}

  // Of 2 or 4 values.
  template <int kCount>
  __device__ __forceinline__ void Add(float (&values)[kCount]) {
    static_assert(kCount == 2 || kCount == 4);
    if constexpr (kConfig.column_threads < 32) {
      SumOverLanes(values, kConfig.column_threads);
      return;
    }
    constexpr int kLanes = 32 / kCount;  // Those that have the sum of one value.
    float sum = SpreadSums(values);
    if constexpr (kWarps > 1) sum = SumOverWarps<kCount>(sum);
#pragma unroll
    for (int i = 0; i < kCount; ++i) values[i] = __shfl_sync(0xFFFFFFFF, sum, i * kLanes);
  }

 private:
  static constexpr int kWarps = kConfig.column_threads / 32;  // Of a group; 0: part of a warp.
  static constexpr int kGroups = PairsAtOnce(kConfig);
  // Groups that do not wait for one another; each has a barrier beside that of __syncthreads.
  static constexpr int kMostBarriers = 8;

  // Two buffers take turns: a warp that is ahead does not overwrite what another still reads.
  template <int kCount>
  __device__ __forceinline__ float SumOverWarps(float of_warp) {
    constexpr int kLanes = 32 / kCount;
    float* buffer = shared_ + (turn_ ? GroupSumFloats(kConfig) / 2 : 0);
    turn_ = !turn_;
    const unsigned warp = threadIdx.x / 32;
    const unsigned value = threadIdx.x % 32 / kLanes;
    const unsigned lane = threadIdx.x % kLanes;
    if (lane == 0) buffer[warp * kCount + value] = of_warp;
    Meet(warp / kWarps);
    const float* from = buffer + warp / kWarps * kWarps * kCount + value;
    float sums[1] = {};
#pragma unroll
    for (int first = 0; first < kWarps; first += kLanes) {
      sums[0] += from[(first + lane % kWarps) * kCount];
    }
    SumOverLanes(sums, Min(kWarps, kLanes));
    return sums[0];
  }

  // The barriers are constants: a block would reserve all 16 of them for a number in a register.
  __device__ __forceinline__ static void Meet(unsigned group) {
    if constexpr (kGroups == 1 || kGroups > kMostBarriers) {
      __syncthreads();
    } else {
#pragma unroll
      for (int i = 0; i < kGroups; ++i) {
        if (group == static_cast<unsigned>(i)) SyncThreads(1 + i, kConfig.column_threads);
      }
    }
  }

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
    const unsigned tiles = CeilDiv(args.rows, kConfig.tile_m);
#pragma unroll
    for (int kind = 0; kind < kKinds; ++kind) {
      float* to = args.column_sums + (static_cast<long long>(kind) * tiles + tile) * args.columns;
#pragma unroll
      for (int slot = 0; slot < kConfig.slots; ++slot) {
        const unsigned first = first_column + slot * kSlotColumns;
        if constexpr (PairsAtOnce(kConfig) == 1) {
          StoreOwn(to, first + threadIdx.x * kConfig.vector, args.columns, sums_[kind][slot]);
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

  // A thread's own sums as far as they exist, 16 bytes at once where rows of them are whole such:
  // single ones, 32 bytes apart in a warp, cost a block of 512 threads and 12288 columns 5 us.
  __device__ __forceinline__ static void StoreOwn(float* to, unsigned first, unsigned columns,
                                                  const float (&sums)[kConfig.vector]) {
    if (columns % 4 == 0) {
#pragma unroll
      for (int i = 0; i < kConfig.vector; i += 4) {
        if (first + i < columns) {
          *reinterpret_cast<float4*>(to + first + i) =
              make_float4(sums[i], sums[i + 1], sums[i + 2], sums[i + 3]);
        }
      }
      return;
    }
#pragma unroll
    for (int i = 0; i < kConfig.vector; ++i) {
      if (first + i < columns) to[first + i] = sums[i];
    }
  }

  float sums_[kKinds][kConfig.slots][kConfig.vector];
};

// Body of the second step: a block owns kColumnReduceColumns columns and adds up their partial
// sums, of all gradients side by side: each share of the tiles in order and then the shares.
template <FusedDropoutConfig kConfig, int kKinds>
__device__ __forceinline__ void ReduceColumnSums(const FusedDropoutArgs& args,
                                                 float* const (&targets)[kKinds]) {
  constexpr unsigned kShares = kColumnReduceThreads / kColumnReduceColumns;
  __shared__ float shared[kKinds][kShares][kColumnReduceColumns];
  const unsigned tiles = CeilDiv(args.rows, kConfig.tile_m);
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
        sums[kind] +=
            args.column_sums[(static_cast<long long>(kind) * tiles + tile) * args.columns + column];
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
