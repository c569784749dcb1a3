// The reference of every GEMM: double precision throughout, any type, layout, stride, batch
// and epilogue, for a list of rows. Beside each value it gives the bound of what a kernel
// may be off by. int8 needs no integer path: its products and sums are whole numbers far
// below 2^53.
//
// The generated line names the types of A and B alone, because only they are in the inner
// loop:  TILEWRIGHT_GEMM_REFERENCE(kBf16, kBf16)
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_GEMM_REFERENCE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_GEMM_REFERENCE_CUH_

#include "reference/elements.cuh"
#include "reference/reference_args.h"

namespace tilewright {

// The numbers of tilewright.v1.Activation.
inline constexpr int kRelu = 2;
inline constexpr int kGeluTanh = 3;
inline constexpr int kGeluErf = 4;
inline constexpr int kSilu = 5;

__device__ inline double ReferenceActivation(double z, int activation) {
  switch (activation) {
    case kRelu:
      return z > 0 ? z : 0;
    case kGeluTanh:
      return 0.5 * z * (1 + tanh(0.79788456080286535588 * (z + 0.044715 * z * z * z)));
    case kGeluErf:
      return 0.5 * z * erfc(-z * 0.70710678118654752440);
    case kSilu:
      return z / (1 + exp(-z));
    default:
      return z;
  }
}

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
  const long long blocks = (args.k + kBlockDepth - 1) / kBlockDepth;
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
  const long long depth_blocks = (args.k + kBlockDepth - 1) / kBlockDepth;
  const long long row_blocks = (args.n + kBlockDepth - 1) / kBlockDepth;
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
  // Sizes need no more than their first digits.
  float magnitude[4] = {0, 0, 0, 0};
};

template <int kAType, int kBType>
__device__ inline ReferenceSums MultiplyRows(const ReferenceGemmArgs& args, long long row_index,
                                             long long batch, long long row,
                                             long long first_column) {
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
  for (long long k0 = 0; k0 < args.k; k0 += kReferenceDepth) {
    for (int d = threadIdx.x; d < kReferenceDepth; d += 16) {
      const long long depth = k0 + d;
      const bool inside = depth < args.k && row_index < args.row_count;
      const long long place = args.a_transposed ? depth * args.a.row_stride + row
                                                : row * args.a.row_stride + depth;
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
#pragma unroll 8
    for (int d = 0; d < kReferenceDepth; ++d) {
      const double a = a_tile[threadIdx.y][d];
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const double b = b_tile[d][threadIdx.x + 16 * j];
        sums.product[j] = fma(a, b, sums.product[j]);
        sums.magnitude[j] += fabsf(static_cast<float>(a)) * fabsf(static_cast<float>(b));
      }
    }
    __syncthreads();
  }
  return sums;
}

// Beside the sum's share, which is rounded too: size * (1 + unit).
__device__ __forceinline__ double WithRounding(double value, double error, double unit) {
  return error + unit * (fabs(value) + error);
}

// The epilogue and its error, step by step as tolerance.h derives it, without the share that
// depends on how the products were summed: what `sum` is multiplied with is kept apart. Not
// inlined: four copies double the time that ptxas takes.
__device__ __noinline__ void FinishElement(const ReferenceGemmArgs& args, long long out,
                                           long long batch,
                                           long long row, long long column, double product,
                                           double magnitude) {
  const ReferenceTolerance& tolerance = args.tolerance;
  const double size = fabs(args.alpha) * magnitude;
  double z = args.alpha * product;
  double terms = size;
  if (args.bias != nullptr) {
    const double bias = Load(args.bias, args.bias_per_row ? row : column, args.bias_type);
    z += bias;
    terms += fabs(bias);
  }
  double source = 0;
  if (args.source.data != nullptr) {
    source = Load(args.source.data,
                  batch * args.source.batch_stride + row * args.source.row_stride + column,
                  args.source.type);
    if (!args.source_residual) {
      z += args.beta * source;
      terms += fabs(args.beta * source);
    }
  }
  const double z_error = tolerance.terms * terms;
  if (args.expected_aux != nullptr) {
    args.expected_aux[out] = z;
    args.bound_aux[out] = WithRounding(z, z_error, tolerance.aux_unit);
    args.size_aux[out] = static_cast<float>(size * (1 + tolerance.aux_unit));
  }
  double value = ReferenceActivation(z, args.activation);
  // 1.13 is the steepest slope of any of the activations.
  const double slope = args.activation > 1 ? 1.13 : 1;
  double error = args.activation > 1 ? slope * z_error + tolerance.activation * fabs(z) : z_error;
  if (args.source.data != nullptr && args.source_residual) {
    error += tolerance.terms * (fabs(value) + fabs(source));
    value += source;
  }
  const double share = slope * size * fabs(args.scale_d) * (1 + tolerance.output_unit);
  value *= args.scale_d;
  error *= fabs(args.scale_d);
  if (tolerance.output_saturates) {
    // What lies beyond the largest is it, however far it is off, and rounding is no coarser there.
    // The share of the sum is not lessened by that, which only widens the bound.
    const double beyond = fabs(value) - tolerance.output_largest;
    if (beyond > 0) {
      value = value < 0 ? -tolerance.output_largest : tolerance.output_largest;
      error = error > beyond ? error - beyond : 0;
    }
    const double rounded = fmin(fabs(value) + error, tolerance.output_largest);
    args.bound[out] = error + tolerance.output_unit * rounded;
  } else {
    args.bound[out] = WithRounding(value, error, tolerance.output_unit);
  }
  args.expected[out] = value;
  args.size[out] = static_cast<float>(share);
}

template <int kAType, int kBType>
__device__ inline void ReferenceGemm(const ReferenceGemmArgs& args) {
  const long long row_index = blockIdx.y * static_cast<long long>(kReferenceRows) + threadIdx.y;
  const long long first_column = blockIdx.x * static_cast<long long>(kReferenceColumns);
  const long long listed = row_index < args.row_count ? row_index : args.row_count - 1;
  const long long place = args.rows[listed];
  const long long batch = place / args.m;
  const long long row = place - batch * args.m;
  const ReferenceSums sums =
      MultiplyRows<kAType, kBType>(args, row_index, batch, row, first_column);
  for (int j = 0; j < 4; ++j) {
    const long long column = first_column + threadIdx.x + 16 * j;
    if (row_index < args.row_count && column < args.n) {
      FinishElement(args, row_index * args.n + column, batch, row, column, sums.product[j],
                    static_cast<double>(sums.magnitude[j]));
    }
  }
}

}  // namespace tilewright

#define TILEWRIGHT_GEMM_REFERENCE(a_type, b_type)                                     \
  extern "C" __global__ void __launch_bounds__(256) tilewright_reference_gemm(        \
      const __grid_constant__ tilewright::ReferenceGemmArgs args) {                   \
    tilewright::ReferenceGemm<tilewright::a_type, tilewright::b_type>(args);          \
  }

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_GEMM_REFERENCE_CUH_
