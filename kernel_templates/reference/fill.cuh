// Inputs for checking and timing: normal data, and data that is hard to add up.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_FILL_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_FILL_CUH_

#include "reference/elements.cuh"
#include "reference/reference_args.h"

namespace tilewright {

// SplitMix64's finalizer (Steele, Lea, Flood 2014): every input bit reaches every output bit.
__device__ __forceinline__ unsigned long long Mix(unsigned long long x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ x >> 27) * 0x94D049BB133111EBull;
  return x ^ x >> 31;
}

// Box-Muller on the two halves of `random`.
__device__ __forceinline__ float Normal(unsigned long long random) {
  const float u = (static_cast<float>(static_cast<unsigned>(random >> 40)) + 1.0f) * 0x1p-24f;
  const float v = static_cast<float>(static_cast<unsigned>(random) >> 8) * 0x1p-24f;
  return sqrtf(-2.0f * logf(u)) * cospif(2.0f * v);
}

// int8 uses its whole range: a deviation of 32 puts one value in 16000 at the ends.
__device__ __forceinline__ float RandomValue(unsigned long long random, int type) {
  const float normal = Normal(random);
  return type == kInt8 ? 32.0f * normal : normal;
}

__device__ inline unsigned SmallestDenormals(unsigned long long random, int type) {
  const unsigned sign_and_steps = static_cast<unsigned>(random >> 20);
  const unsigned steps = sign_and_steps % 7 + 1;
  switch (type) {
    case kFp16:
    case kBf16:
      return (sign_and_steps & 0x8000) | steps;
    case kE4m3:
      return (sign_and_steps >> 8 & 0x80) | steps;
    case kE5m2:
      return (sign_and_steps >> 8 & 0x80) | (steps & 3);
    case kTf32:
      return (sign_and_steps << 16 & 0x80000000u) | steps << 13;
    default:
      return (sign_and_steps << 16 & 0x80000000u) | steps;
  }
}

__device__ inline unsigned AdversarialBits(const FillArgs& args, unsigned long long random,
                                           bool negate) {
  const int type = args.matrix.type;
  if (type == kInt8) {
    // The two ends of the range: the largest products there are.
    const bool low = (random & 1) != 0;
    return (low != negate ? 0x80u : 0x7Fu);
  }
  if ((random >> 8 & 15) == 0) return SmallestDenormals(random, type);
  const int range = args.exponent_high - args.exponent_low + 1;
  const int exponent =
      args.exponent_low + static_cast<int>((random >> 16 & 0xFFFF) % static_cast<unsigned>(range));
  const float mantissa = 1.0f + static_cast<float>(random >> 40 & 0x7FFFFF) * 0x1p-23f;
  const float magnitude = ldexpf(mantissa, exponent);
  const bool negative = ((random & 1) != 0) != negate;
  return Encode(negative ? -magnitude : magnitude, type);
}

// Random number of a place. Adversarial data folds k in two: the second half repeats the
// first, in B with the other sign, but for a quarter of the pairs, which do not cancel.
__device__ inline unsigned FillBits(const FillArgs& args, long long batch, long long row,
                                    long long column) {
  const ReferenceMatrix& matrix = args.matrix;
  bool negate = false;
  if (args.adversarial != 0 && args.has_k != 0) {
    long long& along_k = args.k_along_rows != 0 ? row : column;
    const long long half = (args.k_along_rows != 0 ? matrix.rows : matrix.columns) / 2;
    const bool folds = along_k >= half && along_k < 2 * half &&
                       (Mix(static_cast<unsigned long long>(along_k - half)) & 3) != 0;
    if (folds) {
      along_k -= half;
      negate = args.negate_fold != 0;
    }
  }
  const unsigned long long place =
      static_cast<unsigned long long>((batch * matrix.rows + row) * matrix.columns + column);
  const unsigned long long random = Mix(place ^ Mix(args.seed));
  if (args.scales != 0) {
    return __float_as_uint(exp2f(static_cast<float>(random >> 40) * 0x1p-23f - 1.0f));
  }
  return args.adversarial != 0 ? AdversarialBits(args, random, negate)
                               : Encode(RandomValue(random, matrix.type), matrix.type);
}

}  // namespace tilewright

extern "C" __global__ void __launch_bounds__(256)
    tilewright_reference_fill(const __grid_constant__ tilewright::FillArgs args) {
  using namespace tilewright;
  const ReferenceMatrix& matrix = args.matrix;
  const long long total = matrix.batch * matrix.rows * matrix.columns;
  const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
  for (long long i = blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x; i < total;
       i += step) {
    const long long line = i / matrix.columns;
    const long long column = i - line * matrix.columns;
    const long long batch = line / matrix.rows;
    const long long row = line - batch * matrix.rows;
    StoreBits(matrix.data, batch * matrix.batch_stride + row * matrix.row_stride + column,
              matrix.type, FillBits(args, batch, row, column));
  }
}

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_FILL_CUH_
