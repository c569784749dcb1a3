// What an output is checked for: wrong elements, elements never written, writes outside,
// differences between runs.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_CHECKS_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_CHECKS_CUH_

#include "reference/check_counting.cuh"
#include "reference/elements.cuh"
#include "reference/reference_args.h"

namespace tilewright {

__device__ __forceinline__ unsigned Poison(unsigned byte, int type) {
  const unsigned word = byte * 0x01010101u;
  return ElementBytes(type) == 4 ? word : ElementBytes(type) == 2 ? word & 0xFFFF : byte;
}

// Whether element `i` of the allocation, counted from the first of the matrix, belongs to
// it. Batches follow each other, or lie side by side within the rows.
__device__ inline bool IsElement(const ReferenceMatrix& matrix, long long i) {
  if (i < 0) return false;
  long long batch = 0;
  long long row = 0;
  long long column = 0;
  if (matrix.batch == 1 || matrix.batch_stride >= matrix.row_stride || matrix.rows == 1) {
    batch = matrix.batch == 1 ? 0 : i / matrix.batch_stride;
    const long long within = i - batch * matrix.batch_stride;
    row = within / matrix.row_stride;
    column = within - row * matrix.row_stride;
  } else {
    row = i / matrix.row_stride;
    const long long within = i - row * matrix.row_stride;
    batch = within / matrix.batch_stride;
    column = within - batch * matrix.batch_stride;
  }
  return batch < matrix.batch && row < matrix.rows && column < matrix.columns;
}

}  // namespace tilewright

extern "C" __global__ void __launch_bounds__(256)
    tilewright_reference_compare(const __grid_constant__ tilewright::CompareArgs args) {
  using namespace tilewright;
  const long long n = args.output.columns;
  const long long total = args.row_count * n;
  unsigned long long wrong = 0;
  double squared_error = 0;
  double squared_reference = 0;
  for (long long i = FirstIndex(); i < total; i += IndexStep()) {
    const long long place = args.rows[i / n];
    const long long batch = place / args.output.rows;
    const long long row = place - batch * args.output.rows;
    const double value = Load(
        args.output.data, batch * args.output.batch_stride + row * args.output.row_stride + i % n,
        args.output.type);
    const double expected = args.expected[i];
    double bound = args.bound[i] + args.sum * static_cast<double>(args.size[i]) + args.floor;
    if (args.split > 0) {
      bound += args.split *
               (args.sum * static_cast<double>(args.size[i]) + static_cast<double>(args.size_z[i]));
    }
    const double error = value - expected;
    // Where the exact value rounds past the type's largest, so may the kernel's.
    const bool overflows = fabs(expected) + bound >= args.largest;
    const bool right = fabs(error) <= bound || (overflows && IsBad(value) && value * expected > 0);
    if (!right) {
      ++wrong;
      atomicMax(&args.counts->first_wrong, ~static_cast<unsigned long long>(i));
    }
    if (!IsBad(error)) {
      squared_error += error * error;
      squared_reference += expected * expected;
    }
  }
  AddOncePerWarp(&args.counts->wrong, wrong);
  AddOncePerWarp(&args.counts->squared_error, squared_error);
  AddOncePerWarp(&args.counts->squared_reference, squared_reference);
}

extern "C" __global__ void __launch_bounds__(256)
    tilewright_reference_scan(const __grid_constant__ tilewright::ScanArgs args) {
  using namespace tilewright;
  const unsigned poison = Poison(args.poison, args.output.type);
  const bool is_float = IsFloat(args.output.type);
  unsigned long long poisoned = 0;
  unsigned long long non_finite = 0;
  unsigned long long outside = 0;
  float largest = 0;
  for (long long i = FirstIndex() - args.guard; i < args.span + args.guard; i += IndexStep()) {
    const unsigned bits = LoadBits(args.output.data, i, args.output.type);
    if (IsElement(args.output, i)) {
      const float value = static_cast<float>(Decode(bits, args.output.type));
      poisoned += bits == poison;
      if (is_float && IsBad(value)) {
        ++non_finite;
      } else {
        largest = fmaxf(largest, fabsf(value));
      }
    } else if (bits != poison) {
      ++outside;
      atomicMax(&args.counts->first_outside, ~static_cast<unsigned long long>(i + args.guard));
    }
  }
  AddOncePerWarp(&args.counts->poisoned, poisoned);
  AddOncePerWarp(&args.counts->non_finite, non_finite);
  AddOncePerWarp(&args.counts->touched_outside, outside);
  // Bit patterns of floats that are not negative are ordered as integers.
  atomicMax(&args.counts->largest_bits, __float_as_uint(largest));
}

extern "C" __global__ void __launch_bounds__(256)
    tilewright_reference_runs(const __grid_constant__ tilewright::RunsArgs args) {
  using namespace tilewright;
  const ReferenceMatrix& matrix = args.first;
  const unsigned first_poison = Poison(args.first_poison, matrix.type);
  const unsigned second_poison = Poison(args.second_poison, matrix.type);
  const long long total = matrix.batch * matrix.rows * matrix.columns;
  unsigned long long unwritten = 0;
  unsigned long long differing = 0;
  for (long long i = FirstIndex(); i < total; i += IndexStep()) {
    const long long line = i / matrix.columns;
    const long long batch = line / matrix.rows;
    const long long place = batch * matrix.batch_stride +
                            (line - batch * matrix.rows) * matrix.row_stride +
                            (i - line * matrix.columns);
    const unsigned first = LoadBits(matrix.data, place, matrix.type);
    const unsigned second = LoadBits(args.second.data, place, matrix.type);
    if (first == first_poison && second == second_poison) {
      ++unwritten;
    } else {
      differing += first != second;
    }
  }
  AddOncePerWarp(&args.counts->unwritten, unwritten);
  AddOncePerWarp(&args.counts->differing, differing);
}

extern "C" __global__ void __launch_bounds__(256)
    tilewright_reference_guard(const __grid_constant__ tilewright::GuardArgs args) {
  using namespace tilewright;
  unsigned long long outside = 0;
  for (long long i = FirstIndex(); i < 2 * args.guard; i += IndexStep()) {
    const long long place = i < args.guard ? i : i + args.span;
    if (args.data[place] != args.poison) {
      ++outside;
      atomicMax(&args.counts->first_outside, ~static_cast<unsigned long long>(place));
    }
  }
  AddOncePerWarp(&args.counts->touched_outside, outside);
}

extern "C" __global__ void __launch_bounds__(256)
    tilewright_reference_checksum(const __grid_constant__ tilewright::ChecksumArgs args) {
  using namespace tilewright;
  unsigned long long sum = 0;
  for (long long i = FirstIndex(); i < args.words; i += IndexStep()) {
    // The place takes part, so that swapped words show.
    sum += (args.data[i] + 1ull) * (2 * static_cast<unsigned long long>(i) + 1);
  }
  AddOncePerWarp(args.sum, sum);
}

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_CHECKS_CUH_
