// The epilogue in double precision and its error, step by step as tuner/model/tolerance.h derives
// it, without the share that depends on how the products were summed: what `sum` is multiplied with
// is kept apart.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_EPILOGUE_REFERENCE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_EPILOGUE_REFERENCE_CUH_

#include "reference/dropout_reference.cuh"
#include "reference/elements.cuh"
#include "reference/reference_args.h"

namespace tilewright {

// The numbers of tilewright.v1.Activation.
inline constexpr int kRelu = 2;
inline constexpr int kGeluTanh = 3;
inline constexpr int kGeluErf = 4;
inline constexpr int kSilu = 5;

inline constexpr double kSqrtHalf = 0.70710678118654752440;
inline constexpr double kSqrtTwoOverPi = 0.79788456080286535588;

__device__ inline double ReferenceActivation(double z, int activation) {
  switch (activation) {
    case kRelu:
      return z > 0 ? z : 0;
    case kGeluTanh:
      return 0.5 * z * (1 + tanh(kSqrtTwoOverPi * (z + 0.044715 * z * z * z)));
    case kGeluErf:
      return 0.5 * z * erfc(-z * kSqrtHalf);
    case kSilu:
      return z / (1 + exp(-z));
    default:
      return z;
  }
}

// activation'(z); that of relu is 0 at 0.
__device__ inline double ReferenceDerivative(double z, int activation) {
  switch (activation) {
    case kRelu:
      return z > 0 ? 1 : 0;
    case kGeluTanh: {
      const double t = tanh(kSqrtTwoOverPi * (z + 0.044715 * z * z * z));
      const double slope = kSqrtTwoOverPi * (1 + 3 * 0.044715 * z * z);
      return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * slope;
    }
    case kGeluErf:
      // The density of a standard normal is 1 / sqrt(2 pi) exp(-z^2 / 2).
      return 0.5 * erfc(-z * kSqrtHalf) + 0.5 * kSqrtTwoOverPi * z * exp(-0.5 * z * z);
    case kSilu: {
      const double logistic = 1 / (1 + exp(-z));
      return logistic * (1 + z * (1 - logistic));
    }
    default:
      return 1;
  }
}

// An element on its way: what it is, what it may be off by, and what errors of one part in one of
// the sum and of z come to in it.
struct ReferenceElement {
  double value;
  double error;
  double share;
  double share_z;
};

struct ReferencePlace {
  long long batch;
  long long row;
  long long column;
};

__device__ inline double LoadAt(const ReferenceMatrix& matrix, const ReferencePlace& at) {
  return Load(matrix.data, at.batch * matrix.batch_stride + at.row * matrix.row_stride + at.column,
              matrix.type);
}

// Whether C is part of an element: not where it is multiplied with a beta of 0, whatever it holds.
__device__ inline bool ReadsSource(const ReferenceGemmArgs& args) {
  return args.source.data != nullptr && (args.source_residual || args.beta != 0);
}

// alpha * sum + bias + beta * C. Where alpha is 0 the sum is no part of it, whatever it is.
__device__ inline ReferenceElement PreActivation(const ReferenceGemmArgs& args,
                                                 const ReferencePlace& at, double product,
                                                 double magnitude, double source) {
  const double size = args.alpha != 0 ? fabs(args.alpha) * magnitude : 0;
  double z = args.alpha != 0 ? args.alpha * product : 0;
  double terms = size;
  if (args.bias != nullptr) {
    const double bias = Load(args.bias, args.bias_per_row ? at.row : at.column, args.bias_type);
    z += bias;
    terms += fabs(bias);
  }
  if (!args.source_residual) {
    z += args.beta * source;
    terms += fabs(args.beta * source);
  }
  const double error = args.tolerance.terms * terms;
  return {z, error, size, fabs(z) + error};
}

__device__ inline ReferenceElement Activated(const ReferenceGemmArgs& args,
                                             const ReferenceElement& z) {
  if (args.activation <= 1) return z;
  // 1.13 is the steepest slope of any of the activations.
  constexpr double kSteepest = 1.13;
  return {ReferenceActivation(z.value, args.activation),
          kSteepest * z.error + args.tolerance.activation * fabs(z.value), kSteepest * z.share,
          kSteepest * z.share_z};
}

// The gradient of h times activation'(z).
__device__ inline ReferenceElement TimesDerivative(const ReferenceGemmArgs& args,
                                                   const ReferenceElement& h, double z) {
  if (args.activation <= 1) return h;
  const double derivative = ReferenceDerivative(z, args.activation);
  const double slope = fabs(derivative) + args.tolerance.activation;
  return {derivative * h.value,
          slope * h.error + args.tolerance.activation * fabs(h.value) +
              args.tolerance.terms * fabs(derivative * h.value),
          slope * h.share, slope * h.share_z};
}

__device__ inline ReferenceElement Dropped(const ReferenceGemmArgs& args, const ReferencePlace& at,
                                           const ReferenceElement& h) {
  if (args.dropout.rounds == 0) return h;
  if (!ReferenceKeeps(args.dropout, at.batch, at.row, at.column)) return {0, 0, 0, 0};
  const double scale = args.dropout.scale;
  return {scale * h.value, scale * (h.error + args.tolerance.terms * fabs(h.value)),
          scale * h.share, scale * h.share_z};
}

// What is stored of an element: its rounding is added, beside the sum's share, which is rounded
// too.
__device__ inline void StoreElement(const ReferenceElement& element, const ReferenceStored& type,
                                    long long out, double* expected, double* bound, float* size) {
  double value = element.value;
  double error = element.error;
  double rounded = fabs(value) + error;
  if (type.saturates) {
    // What lies beyond the largest is it, however far it is off, and rounding is no coarser there.
    // The share of the sum is not lessened by that, which only widens the bound.
    const double beyond = fabs(value) - type.largest;
    if (beyond > 0) {
      value = value < 0 ? -type.largest : type.largest;
      error = error > beyond ? error - beyond : 0;
    }
    rounded = fmin(fabs(value) + error, type.largest);
  }
  expected[out] = value;
  bound[out] = error + type.unit * rounded;
  size[out] = static_cast<float>(element.share * (1 + type.unit));
}

// Not inlined: four copies double the time that ptxas takes.
__device__ __noinline__ void FinishElement(const ReferenceGemmArgs& args, long long out,
                                           long long batch, long long row, long long column,
                                           double product, double magnitude) {
  const ReferencePlace at = {batch, row, column};
  const double source = ReadsSource(args) ? LoadAt(args.source, at) : 0;
  const ReferenceElement z = PreActivation(args, at, product, magnitude, source);
  if (args.expected_aux != nullptr) {
    StoreElement(z, args.tolerance.aux, out, args.expected_aux, args.bound_aux, args.size_aux);
  }
  ReferenceElement v;
  if (args.gradient) {
    v = TimesDerivative(args, z, args.z.data != nullptr ? LoadAt(args.z, at) : 0);
  } else {
    v = Activated(args, z);
  }
  v = Dropped(args, at, v);
  if (args.source_residual) {
    v.error += args.tolerance.terms * (fabs(v.value) + fabs(source));
    v.value += source;
  }
  const double scale = fabs(args.scale_d);
  StoreElement({v.value * args.scale_d, v.error * scale, v.share * scale, 0}, args.tolerance.output,
               out, args.expected, args.bound, args.size);
  if (args.size_z != nullptr) {
    args.size_z[out] = static_cast<float>(v.share_z * scale * (1 + args.tolerance.output.unit));
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_EPILOGUE_REFERENCE_CUH_
