// What the outputs of a fused dropout are checked with: terms of rows and columns, a comparison of
// every element, and the mask that a backward form reads.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_FUSED_DROPOUT_CHECKS_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_FUSED_DROPOUT_CHECKS_CUH_

#include "abi/ceil_div.h"
#include "reference/fused_dropout_reference.cuh"

// Fills row_terms; of the backward form after it has made the mean and inverse_root that it reads.
// A block of 256 threads a row.
extern "C" __global__ void __launch_bounds__(256)
    tilewright_reference_fused_rows(const __grid_constant__ tilewright::FusedReferenceArgs args) {
  using namespace tilewright;
  for (long long row = blockIdx.x; row < args.rows; row += gridDim.x) {
    if (!args.backward) {
      const FusedRow terms =
          StatisticsOf(args, [&](long long column) { return ForwardValue(args, row, column); });
      if (threadIdx.x == 0) args.row_terms[row] = terms;
      continue;
    }
    const FusedRow statistics = StatisticsOf(args, [&](long long column) {
      return FusedValue{At(args.pre_norm, row, column), 0};
    });
    if (threadIdx.x == 0) {
      if (args.centers) args.mean[row] = static_cast<float>(statistics.mean);
      args.inverse_root[row] = static_cast<float>(statistics.inverse_root);
    }
    __syncthreads();
    double along = 0;
    double even = 0;
    double along_size = 0;
    double even_size = 0;
    for (long long column = threadIdx.x; column < args.columns; column += blockDim.x) {
      const double own = VectorAt(args.weight, column) * At(args.dy, row, column);
      const double part = own * NormalizedAt(args, row, column);
      along += part;
      along_size += fabs(part);
      even += own;
      even_size += fabs(own);
    }
    const double n = static_cast<double>(args.columns);
    FusedRow terms = {};
    terms.along = BlockSum(along) / n;
    terms.along_error = kSumRoundings * BlockSum(along_size) / n;
    const double even_sum = BlockSum(even) / n;
    const double even_sizes = BlockSum(even_size) / n;
    if (args.centers) {
      terms.even = even_sum;
      terms.even_error = kSumRoundings * even_sizes;
    }
    if (threadIdx.x == 0) args.row_terms[row] = terms;
  }
}

// Adds up column_terms, which were zeroed: a thread has 64 rows of a column.
extern "C" __global__ void __launch_bounds__(256) tilewright_reference_fused_columns(
    const __grid_constant__ tilewright::FusedReferenceArgs args) {
  using namespace tilewright;
  constexpr long long kRows = 64;
  const long long parts = CeilDiv(args.rows, kRows);
  for (long long i = FirstIndex(); i < parts * args.columns; i += IndexStep()) {
    const long long column = i % args.columns;
    const long long first = i / args.columns * kRows;
    FusedColumn part = {};
    for (long long row = first; row < first + kRows && row < args.rows; ++row) {
      const FusedValue dx = GradientOfInput(args, row, column);
      part.sum[0] += dx.value;
      part.error[0] += dx.error + kSumRoundings * fabs(dx.value);
      if (!args.normalizes) continue;
      const double dy = At(args.dy, row, column);
      const double along = dy * NormalizedAt(args, row, column);
      part.sum[1] += along;
      part.error[1] += kSumRoundings * fabs(along);
      part.sum[2] += dy;
      part.error[2] += kSumRoundings * fabs(dy);
    }
    FusedColumn& total = args.column_terms[column];
    for (int kind = 0; kind < 3; ++kind) {
      atomicAdd(&total.sum[kind], part.sum[kind]);
      atomicAdd(&total.error[kind], part.error[kind]);
    }
  }
}

extern "C" __global__ void __launch_bounds__(256)
    tilewright_reference_fused_compare(const __grid_constant__ tilewright::FusedCompareArgs args) {
  using namespace tilewright;
  const ReferenceMatrix& output = args.output;
  unsigned long long wrong = 0;
  double squared_error = 0;
  double squared_reference = 0;
  for (long long i = FirstIndex(); i < output.rows * output.columns; i += IndexStep()) {
    const long long row = i / output.columns;
    const long long column = i - row * output.columns;
    const double value = At(output, row, column);
    const FusedValue expected = ExpectedOf(args.problem, args.which, row, column);
    const double bound = expected.error + kFloor + args.stored.floor +
                         args.stored.unit * (fabs(expected.value) + expected.error);
    const double error = value - expected.value;
    // Where the exact value rounds past the type's largest, so may the kernel's.
    const bool overflows = fabs(expected.value) + bound >= args.stored.largest;
    const bool right =
        fabs(error) <= bound || (overflows && IsBad(value) && value * expected.value > 0);
    if (!right) {
      ++wrong;
      atomicMax(&args.counts->first_wrong, ~static_cast<unsigned long long>(i));
    }
    if (!IsBad(error)) {
      squared_error += error * error;
      squared_reference += expected.value * expected.value;
    }
  }
  AddOncePerWarp(&args.counts->wrong, wrong);
  AddOncePerWarp(&args.counts->squared_error, squared_error);
  AddOncePerWarp(&args.counts->squared_reference, squared_reference);
}

extern "C" __global__ void __launch_bounds__(256)
    tilewright_reference_fused_mask(const __grid_constant__ tilewright::FusedMaskArgs args) {
  using namespace tilewright;
  const long long row_bytes = (args.columns + 15) / 16 * 2;
  for (long long i = FirstIndex(); i < args.rows * row_bytes; i += IndexStep()) {
    const long long row = i / row_bytes;
    const long long first = (i - row * row_bytes) * 8;
    unsigned bits = 0;
    for (int bit = 0; bit < 8; ++bit) {
      const bool kept = first + bit < args.columns
                            ? ReferenceKeeps(args.dropout, 0, row, first + bit)
                            : args.beyond != 0;
      bits |= (kept ? 1u : 0u) << bit;
    }
    args.mask[i] = static_cast<unsigned char>(bits);
  }
}

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_FUSED_DROPOUT_CHECKS_CUH_
