// The fused dropout in double precision, element by element, and what fp32 arithmetic may be off
// by: every element of every output is compared, nothing is stored but a few numbers a row and a
// column. An error goes through each step as its first derivative has it, and what the step rounds
// is added:
// - A few operations on few values: four roundings of 2^-24 of the largest of them, 2^-22.
// - Sums over a row or a column, of terms rounded to nearest: one after another, m of them walk
//   sqrt(m) roundings of 2^-24 away, of a sum that is never more than that of the sizes. A thread
//   adds up 1000 at most, and trees the rest: 2^-19 of the sum of the sizes.
// - Activations and their derivatives: 2^-20 of z, or of 1, as tuner/model/tolerance.h has it;
//   1.13 is the steepest slope, 0.8 the largest second derivative (gelu at 0; relu has a step
//   there, but no rounding changes the sign of x + bias).
// - The mean square of what is left of a row is off by 2 |v - mean| times the errors of v and of
//   the mean, and the reciprocal root by half as much, relatively.
// What the backward form reads of the forward one (pre_norm, mean, inverse_root) is taken as exact.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_FUSED_DROPOUT_REFERENCE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_FUSED_DROPOUT_REFERENCE_CUH_

#include "reference/check_counting.cuh"
#include "reference/dropout_reference.cuh"
#include "reference/elements.cuh"
#include "reference/epilogue_reference.cuh"
#include "reference/fused_dropout_reference_args.h"
#include "reference/reference_args.h"

namespace tilewright {

inline constexpr double kFewRoundings = 0x1p-22;
inline constexpr double kSumRoundings = 0x1p-19;
inline constexpr double kFunction = 0x1p-20;
inline constexpr double kSteepestSlope = 1.13;
inline constexpr double kLargestCurvature = 0.8;
// What fp32 gives up where a value is subnormal.
inline constexpr double kFloor = 0x1p-140;

struct FusedValue {
  double value;
  double error;
};

__device__ inline double At(const ReferenceMatrix& matrix, long long row, long long column) {
  return Load(matrix.data, row * matrix.row_stride + column, matrix.type);
}

__device__ inline double VectorAt(const ReferenceMatrix& vector, long long column) {
  return Load(vector.data, column, vector.type);
}

// v of the forward form.
__device__ inline FusedValue ForwardValue(const FusedReferenceArgs& args, long long row,
                                          long long column) {
  FusedValue h = {0, 0};
  if (ReferenceKeeps(args.dropout, 0, row, column)) {
    double z = At(args.x, row, column);
    double terms = 0;
    if (args.bias.data != nullptr) {
      const double bias = VectorAt(args.bias, column);
      terms = fabs(z) + fabs(bias);
      z += bias;
    }
    h = {ReferenceActivation(z, args.activation), kFewRoundings * terms};
    if (args.activation > 1) h.error = kSteepestSlope * h.error + kFunction * fabs(z);
    if (args.dropout.rounds > 0) {
      h = {args.dropout.scale * h.value,
           args.dropout.scale * (h.error + kFewRoundings * fabs(h.value))};
    }
  }
  if (args.residual.data == nullptr) return h;
  const double residual = At(args.residual, row, column);
  return {h.value + residual, h.error + kFewRoundings * (fabs(h.value) + fabs(residual))};
}

// v as the backward form reads it, normalized.
__device__ inline double NormalizedAt(const FusedReferenceArgs& args, long long row,
                                      long long column) {
  const double mean = args.centers ? static_cast<double>(args.mean[row]) : 0;
  return (At(args.pre_norm, row, column) - mean) * static_cast<double>(args.inverse_root[row]);
}

// The gradient of v.
__device__ inline FusedValue GradientOfValue(const FusedReferenceArgs& args, long long row,
                                             long long column) {
  const double dy = At(args.dy, row, column);
  if (!args.normalizes) return {dy, 0};
  const FusedRow& terms = args.row_terms[row];
  const double inverse = static_cast<double>(args.inverse_root[row]);
  const double n = NormalizedAt(args, row, column);
  const double own = VectorAt(args.weight, column) * dy;
  FusedValue g = {
      (own - n * terms.along - terms.even) * inverse,
      inverse * (2 * kFewRoundings * (fabs(own) + fabs(n * terms.along) + fabs(terms.even)) +
                 fabs(n) * terms.along_error + terms.even_error)};
  if (args.pre_norm_gradient.data != nullptr) {
    const double added = At(args.pre_norm_gradient, row, column);
    g.error += kFewRoundings * (fabs(g.value) + fabs(added));
    g.value += added;
  }
  return g;
}

__device__ inline FusedValue GradientOfInput(const FusedReferenceArgs& args, long long row,
                                             long long column) {
  if (!ReferenceKeeps(args.dropout, 0, row, column)) return {0, 0};
  FusedValue g = GradientOfValue(args, row, column);
  if (args.activation > 1) {
    const double x = At(args.x, row, column);
    const double bias = VectorAt(args.bias, column);
    const double slope = ReferenceDerivative(x + bias, args.activation);
    // relu has a step, but rounding changes no sign.
    const double curvature = args.activation == kRelu ? 0 : kLargestCurvature;
    const double slope_error = kFunction + curvature * kFewRoundings * (fabs(x) + fabs(bias));
    g = {g.value * slope, g.error * (fabs(slope) + slope_error) + fabs(g.value) * slope_error +
                              kFewRoundings * fabs(g.value * slope)};
  }
  if (args.dropout.rounds == 0) return g;
  return {args.dropout.scale * g.value,
          args.dropout.scale * (g.error + kFewRoundings * fabs(g.value))};
}

// Adds up over the 256 threads of a block; all get the sum.
__device__ inline double BlockSum(double value) {
  __shared__ double shared[8];
  value = WarpSum(value);
  __syncthreads();
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = value;
  __syncthreads();
  double sum = 0;
  for (int i = 0; i < 8; ++i) sum += shared[i];
  return sum;
}

// The statistics of a row of v, from `value_at`(column).
template <typename ValueAt>
__device__ inline FusedRow StatisticsOf(const FusedReferenceArgs& args, ValueAt value_at) {
  const double n = static_cast<double>(args.columns);
  double sum = 0;
  double size = 0;
  double error = 0;
  for (long long column = threadIdx.x; column < args.columns; column += blockDim.x) {
    const FusedValue v = value_at(column);
    sum += v.value;
    size += fabs(v.value);
    error += v.error;
  }
  FusedRow row = {};
  sum = BlockSum(sum);
  size = BlockSum(size);
  error = BlockSum(error);
  if (args.centers) {
    row.mean = sum / n;
    row.mean_error = error / n + kSumRoundings * size / n;
  }
  double squares = 0;
  double squares_error = 0;
  for (long long column = threadIdx.x; column < args.columns; column += blockDim.x) {
    const FusedValue v = value_at(column);
    const double off = v.value - row.mean;
    const double off_error = v.error + row.mean_error + kFewRoundings * fabs(off);
    squares += off * off;
    squares_error += (2 * fabs(off) + off_error) * off_error;
  }
  squares = BlockSum(squares) / n;
  squares_error = BlockSum(squares_error) / n;
  row.inverse_root = 1 / sqrt(squares + args.epsilon);
  row.root_error = kFewRoundings + 0.5 * kSumRoundings +
                   0.5 * squares_error / fmax(squares + args.epsilon - squares_error, 1e-300);
  return row;
}

__device__ inline FusedValue ExpectedOf(const FusedReferenceArgs& args, int which, long long row,
                                        long long column) {
  switch (which) {
    case kFusedY: {
      const FusedValue v = ForwardValue(args, row, column);
      if (!args.normalizes) return v;
      const FusedRow& terms = args.row_terms[row];
      const double off = v.value - terms.mean;
      const double n = off * terms.inverse_root;
      const double weight = VectorAt(args.weight, column);
      const double shift = args.centers ? VectorAt(args.shift, column) : 0;
      const double n_error = (v.error + terms.mean_error + kFewRoundings * fabs(off)) *
                                 terms.inverse_root * (1 + terms.root_error) +
                             fabs(n) * terms.root_error;
      return {n * weight + shift,
              fabs(weight) * n_error + kFewRoundings * (fabs(n * weight) + fabs(shift))};
    }
    case kFusedPreNorm:
      return ForwardValue(args, row, column);
    case kFusedDx:
      return GradientOfInput(args, row, column);
    case kFusedResidualGradient:
      return GradientOfValue(args, row, column);
    case kFusedMean:
      return {args.row_terms[column].mean, args.row_terms[column].mean_error};
    case kFusedInverseRoot: {
      const FusedRow& terms = args.row_terms[column];
      return {terms.inverse_root, terms.inverse_root * terms.root_error};
    }
    default: {
      const int kind = which - kFusedBiasGradient;
      return {args.column_terms[column].sum[kind], args.column_terms[column].error[kind]};
    }
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_FUSED_DROPOUT_REFERENCE_CUH_
