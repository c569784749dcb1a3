// The reference of every GEMM: double precision throughout, any type, layout, stride, batch
// and epilogue, for a list of rows. Beside each value it gives the bound of what a kernel
// may be off by. int8 needs no integer path: its products and sums are whole numbers far
// below 2^53.
//
// The generated line names the types of A and B alone, because only they are in the inner
// loop:  TILEWRIGHT_GEMM_REFERENCE(kBf16, kBf16)
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_GEMM_REFERENCE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_GEMM_REFERENCE_CUH_

#include "abi/ceil_div.h"
#include "reference/elements.cuh"
#include "reference/epilogue_reference.cuh"
#include "reference/reference_args.h"

namespace tilewright {

// A block gives 16 rows by 64 columns: thread (x, y) row y, columns x, x + 16, ...
inline constexpr int kReferenceRows = 16;
inline constexpr int kReferenceColumns = 64;
inline constexpr int kReferenceDepth = 32;

// The numbers of tilewright.v1.ScalingMode.
inline constexpr int kScaledTensors = 2;
inline constexpr int kScaledRowsAndColumns = 3;
inline constexpr int kScaledBlocks = 4;
inline constexpr int kBlockDepth = 128;

// What an element of A is multiplied with. All of a step of kReferenceDepth is in one block.
__device__ inline double ScaleOfA(const ReferenceGemmArgs& args, long long batch, long long row,
                                  long long depth) {
  const long long blocks = CeilDiv(args.k, kBlockDepth);
  switch (args.scaling) {
    case kScaledTensors:
      return args.scale_a[0];
    case kScaledRowsAndColumns:
      return args.scale_a[batch * args.m + row];
    case kScaledBlocks:
      return args.scale_a[(batch * blocks + depth / kBlockDepth) * args.m + row];
    default:
      return 1;
  }
}

__device__ inline double ScaleOfB(const ReferenceGemmArgs& args, long long batch, long long column,
                                  long long depth) {
  const long long depth_blocks = CeilDiv(args.k, kBlockDepth);
  const long long row_blocks = CeilDiv(args.n, kBlockDepth);
  const long long stride = (depth_blocks + 3) / 4 * 4;
  switch (args.scaling) {
    case kScaledTensors:
      return args.scale_b[0];
    case kScaledRowsAndColumns:
      return args.scale_b[batch * args.n + column];
    case kScaledBlocks:
      return args
          .scale_b[(batch * row_blocks + column / kBlockDepth) * stride + depth / kBlockDepth];
    default:
      return 1;
  }
}

struct ReferenceSums {
  double product[4] = {0, 0, 0, 0};
  double magnitude[4] = {0, 0, 0, 0};
};

template <int kAType, int kBType>
__device__ inline ReferenceSums MultiplyRows(const ReferenceGemmArgs& args, long long row_index,
                                             long long batch, long long row, long long first_column,
                                             long long first_depth, long long end_depth) {
  __shared__ double a_tile[kReferenceRows][kReferenceDepth + 1];
  __shared__ double b_tile[kReferenceDepth][kReferenceColumns + 1];
  __shared__ long long b_batch;
  ReferenceSums sums;
  const int thread = threadIdx.y * 16 + threadIdx.x;
  const long long a_base = batch * args.a.batch_stride;
  if (thread == 0) b_batch = batch;
  __syncthreads();
  // The host lists rows so that all 16 of a block are of one batch.
  const long long b_base = b_batch * args.b.batch_stride;
  for (long long k0 = first_depth; k0 < end_depth; k0 += kReferenceDepth) {
    for (int d = threadIdx.x; d < kReferenceDepth; d += 16) {
      const long long depth = k0 + d;
      const bool inside = depth < args.k && row_index < args.row_count;
      const long long place =
          args.a_transposed ? depth * args.a.row_stride + row : row * args.a.row_stride + depth;
      a_tile[threadIdx.y][d] =
          inside ? Load(args.a.data, a_base + place, kAType) * ScaleOfA(args, batch, row, depth)
                 : 0.0;
    }
    for (int i = thread; i < kReferenceDepth * kReferenceColumns; i += 256) {
      // Neighbouring threads read neighbouring elements, whichever way B lies.
      const int d = args.b_transposed ? i % kReferenceDepth : i / kReferenceColumns;
      const int c = args.b_transposed ? i / kReferenceDepth : i % kReferenceColumns;
      const long long depth = k0 + d;
      const long long column = first_column + c;
      const bool inside = depth < args.k && column < args.n;
      const long long place = args.b_transposed ? column * args.b.row_stride + depth
                                                : depth * args.b.row_stride + column;
      b_tile[d][c] = inside ? Load(args.b.data, b_base + place, kBType) *
                                  ScaleOfB(args, b_batch, column, depth)
                            : 0.0;
    }
    __syncthreads();
    // Sizes need no more than their first digits, but float would lose the later ones of a long
    // sum.
    float magnitude[4] = {0, 0, 0, 0};
#pragma unroll 8
    for (int d = 0; d < kReferenceDepth; ++d) {
      const double a = a_tile[threadIdx.y][d];
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const double b = b_tile[d][threadIdx.x + 16 * j];
        sums.product[j] = fma(a, b, sums.product[j]);
        magnitude[j] += fabsf(static_cast<float>(a)) * fabsf(static_cast<float>(b));
      }
    }
    for (int j = 0; j < 4; ++j) sums.magnitude[j] += static_cast<double>(magnitude[j]);
    __syncthreads();
  }
  return sums;
}

// Adds up what the blocks that share k have, in `expected` and `bound`. True for the last of them,
// whose `sums` are then those of all.
__device__ inline bool AddShares(const ReferenceGemmArgs& args, long long row_index,
                                 long long first_column, ReferenceSums& sums) {
  __shared__ bool is_last;
  const auto for_each = [&](auto visit) {
    for (int j = 0; j < 4; ++j) {
      const long long column = first_column + threadIdx.x + 16 * j;
      if (row_index < args.row_count && column < args.n) visit(row_index * args.n + column, j);
    }
  };
  for_each([&](long long out, int j) {
    atomicAdd(&args.expected[out], sums.product[j]);
    atomicAdd(&args.bound[out], sums.magnitude[j]);
  });
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0 && threadIdx.y == 0) {
    const long long block = static_cast<long long>(blockIdx.y) * gridDim.x + blockIdx.x;
    is_last = atomicAdd(&args.arrived[block], 1u) == gridDim.z - 1;
  }
  __syncthreads();
  if (!is_last) return false;
  __threadfence();
  for_each([&](long long out, int j) {
    sums.product[j] = atomicAdd(&args.expected[out], 0.0);
    sums.magnitude[j] = atomicAdd(&args.bound[out], 0.0);
  });
  return true;
}

// The blocks along z share k.
template <int kAType, int kBType>
__device__ inline void ReferenceGemm(const ReferenceGemmArgs& args) {
  const long long row_index = blockIdx.y * static_cast<long long>(kReferenceRows) + threadIdx.y;
  const long long first_column = blockIdx.x * static_cast<long long>(kReferenceColumns);
  const long long listed = row_index < args.row_count ? row_index : args.row_count - 1;
  const long long place = args.rows[listed];
  const long long batch = place / args.m;
  const long long row = place - batch * args.m;
  const long long steps = CeilDiv(args.k, kReferenceDepth);
  const long long depth = CeilDiv(steps, gridDim.z) * kReferenceDepth;
  const long long first_depth = blockIdx.z * depth;
  const long long end_depth = first_depth + depth < args.k ? first_depth + depth : args.k;
  ReferenceSums sums = MultiplyRows<kAType, kBType>(args, row_index, batch, row, first_column,
                                                    first_depth, end_depth);
  if (gridDim.z > 1 && !AddShares(args, row_index, first_column, sums)) return;
  for (int j = 0; j < 4; ++j) {
    const long long column = first_column + threadIdx.x + 16 * j;
    if (row_index < args.row_count && column < args.n) {
      FinishElement(args, row_index * args.n + column, batch, row, column, sums.product[j],
                    sums.magnitude[j]);
    }
  }
}

}  // namespace tilewright

#define TILEWRIGHT_GEMM_REFERENCE(a_type, b_type)                                             \
  extern "C" __global__ void __launch_bounds__(256)                                           \
      tilewright_reference_gemm(const __grid_constant__ tilewright::ReferenceGemmArgs args) { \
    tilewright::ReferenceGemm<tilewright::a_type, tilewright::b_type>(args);                  \
  }

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_GEMM_REFERENCE_CUH_
