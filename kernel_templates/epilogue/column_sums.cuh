// The gradient of a bias: sums of the columns of D over all rows. Whoever computes rows of D leaves
// their sums in the workspace, and a second kernel adds those in order, so that the result never
// depends on timing.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_COLUMN_SUMS_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_COLUMN_SUMS_CUH_

#include "abi/column_sums_config.h"
#include "abi/kernel_args.h"
#include "common/cluster.cuh"
#include "common/memory.cuh"

namespace tilewright {

// Partial sums are of kRows rows of one batch, from a multiple of kRows on.
template <int kRows>
__device__ __forceinline__ float* ColumnSumsOf(const GemmArgs& args, int batch, int row) {
  const long long per_batch = CeilDiv(args.m, kRows);
  return args.column_sums + (batch * per_batch + row / kRows) * args.n;
}

// Adds up what the lanes of a warp have that are a multiple of kDistance apart, within each kEnd
// lanes.
template <int kDistance, int kEnd = 32>
__device__ __forceinline__ float SumLanes(float value) {
#pragma unroll
  for (int distance = kDistance; distance < kEnd; distance *= 2) {
    value += __shfl_xor_sync(0xFFFFFFFF, value, distance);
  }
  return value;
}

// Adds over the 8 rows that the lanes of a fragment have, lanes 4 apart: of 2 * kTiles columns a
// lane, in halves, so that each lane ends with its share. kTiles: 8, tiles of 8 columns; returns
// the sums of columns 2q and 2q + 1 of tile lane / 4.
__device__ __forceinline__ void SumFragmentRows(float (&sums)[8][2], float (&total)[2]) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int half = 4; half > 0; half /= 2) {
    const bool is_upper = lane / 4 & half;
#pragma unroll
    for (int tile = 0; tile < half; ++tile) {
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const float kept = is_upper ? sums[tile + half][i] : sums[tile][i];
        const float sent = is_upper ? sums[tile][i] : sums[tile + half][i];
        sums[tile][i] = kept + __shfl_xor_sync(0xFFFFFFFF, sent, 4 * half);
      }
    }
  }
  total[0] = sums[0][0];
  total[1] = sums[0][1];
}

// Body of tilewright_column_sums: a block has kColumnSumColumns columns, and kColumnSumStrands
// threads for each, which take every so many-th partial sum.
template <int kRows>
__device__ __forceinline__ void AddColumnSums(const GemmArgs& args) {
  __shared__ float strands[kColumnSumStrands][kColumnSumColumns];
  AllowLaterGrids();
  WaitForEarlierGrids();
  const int lane = static_cast<int>(threadIdx.x) % kColumnSumColumns;
  const int strand = static_cast<int>(threadIdx.x) / kColumnSumColumns;
  // The last block of the grid ends below 2^31, whose 32nd part n has at most.
  const int column = static_cast<int>(blockIdx.x) * kColumnSumColumns + lane;
  const long long count = CeilDiv(args.m, kRows) * static_cast<long long>(args.batch);
  float sum = 0.0f;
  if (column < args.n) {
#pragma unroll 8
    for (long long i = strand; i < count; i += kColumnSumStrands) {
      sum += args.column_sums[i * args.n + column];
    }
  }
  strands[strand][lane] = sum;
  __syncthreads();
  if (strand > 0 || column >= args.n) return;
#pragma unroll
  for (int i = 1; i < kColumnSumStrands; ++i) sum += strands[i][lane];
  args.bias_gradient[column] = sum;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_COLUMN_SUMS_CUH_
