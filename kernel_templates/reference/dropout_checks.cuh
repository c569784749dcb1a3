// What the outputs beside D are checked for: the stored mask and the gradient of the bias.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_DROPOUT_CHECKS_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_DROPOUT_CHECKS_CUH_

#include "abi/ceil_div.h"
#include "reference/check_counting.cuh"
#include "reference/dropout_reference.cuh"
#include "reference/elements.cuh"
#include "reference/reference_args.h"

namespace tilewright {

// Rows of D that a thread adds up.
inline constexpr long long kTotalRows = 256;

// Eight elements from `column` on; what is beyond the last column is not kept.
__device__ inline unsigned ReferenceMaskByte(const MaskArgs& args, long long batch, long long row,
                                             long long column) {
  unsigned bits = 0;
  for (int i = 0; i < 8; ++i) {
    const bool kept =
        column + i < args.columns && ReferenceKeeps(args.dropout, batch, row, column + i);
    bits |= (kept ? 1u : 0u) << i;
  }
  return bits;
}

}  // namespace tilewright

extern "C" __global__ void __launch_bounds__(256)
    tilewright_reference_mask(const __grid_constant__ tilewright::MaskArgs args) {
  using namespace tilewright;
  const long long row_bytes = (args.columns + 15) / 16 * 2;
  const long long total = args.batch * args.rows * row_bytes;
  unsigned long long wrong = 0;
  for (long long i = FirstIndex(); i < total; i += IndexStep()) {
    const long long line = i / row_bytes;
    const long long batch = line / args.rows;
    const unsigned expected =
        ReferenceMaskByte(args, batch, line - batch * args.rows, (i - line * row_bytes) * 8);
    if (args.mask[i] != expected) {
      ++wrong;
      atomicMax(&args.counts->first_wrong, ~static_cast<unsigned long long>(i));
    }
  }
  AddOncePerWarp(&args.counts->wrong, wrong);
}

extern "C" __global__ void __launch_bounds__(256)
    tilewright_reference_column_totals(const __grid_constant__ tilewright::ColumnTotalsArgs args) {
  using namespace tilewright;
  const ReferenceMatrix& matrix = args.output;
  const long long rows = matrix.batch * matrix.rows;
  const long long parts = CeilDiv(rows, kTotalRows);
  for (long long i = FirstIndex(); i < parts * matrix.columns; i += IndexStep()) {
    const long long column = i % matrix.columns;
    const long long first = i / matrix.columns * kTotalRows;
    ColumnTotals part = {0, 0, 0, 0};
    for (long long line = first; line < first + kTotalRows && line < rows; ++line) {
      const long long batch = line / matrix.rows;
      const double value = Load(
          matrix.data,
          batch * matrix.batch_stride + (line - batch * matrix.rows) * matrix.row_stride + column,
          matrix.type);
      const double size = fabs(value);
      // Nothing is known of what saturated.
      const double rounding = args.rounding.saturates && size >= args.rounding.largest
                                  ? __longlong_as_double(0x7FF0000000000000ll)
                                  : args.rounding.unit * size + args.rounding.floor;
      part.sum += value;
      part.size += size;
      part.roundings += rounding;
      part.squared_roundings += rounding * rounding;
    }
    ColumnTotals& totals = args.totals[column];
    atomicAdd(&totals.sum, part.sum);
    atomicAdd(&totals.size, part.size);
    atomicAdd(&totals.roundings, part.roundings);
    atomicAdd(&totals.squared_roundings, part.squared_roundings);
  }
}

extern "C" __global__ void __launch_bounds__(256) tilewright_reference_compare_columns(
    const __grid_constant__ tilewright::CompareColumnsArgs args) {
  using namespace tilewright;
  unsigned long long wrong = 0;
  for (long long i = FirstIndex(); i < args.columns; i += IndexStep()) {
    const ColumnTotals& totals = args.totals[i];
    const double error = args.scale_d * static_cast<double>(args.sums[i]) - totals.sum;
    const double bound =
        fmin(totals.roundings, 8 * sqrt(totals.squared_roundings)) + args.column_sum * totals.size;
    if (!(fabs(error) <= bound)) {
      ++wrong;
      atomicMax(&args.counts->first_wrong, ~static_cast<unsigned long long>(i));
    }
  }
  AddOncePerWarp(&args.counts->wrong, wrong);
}

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_DROPOUT_CHECKS_CUH_
