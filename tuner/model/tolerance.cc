#include "tuner/model/tolerance.h"

#include <algorithm>
#include <cmath>

#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/precision.h"

namespace tilewright {
namespace {

// The steepest slope of any activation: see tolerance.h.
constexpr double kSteepest = 1.13;

// Returns the type, of D or an auxiliary output, that has the smaller range.
v1::DataType NarrowestOutput(const v1::GemmProblem& problem) {
  const v1::DataType d = problem.d_type();
  const v1::DataType aux = problem.epilogue().aux_type();
  if (problem.epilogue().gradient() || !IsFp8(aux)) return d;
  return FormatOf(d).largest < FormatOf(aux).largest ? d : aux;
}

// fp8 products that are summed before a promotion.
constexpr int64_t kPromotedTerms = 128;

// The fewest products that the tensor core adds at once to a sum in fp16.
constexpr int64_t kFp16Group = 8;

int CeilLog2(int64_t value) {
  int log = 0;
  while (log < 62 && int64_t{1} << log < value) ++log;
  return log;
}

// Tells if this problem may have a sum that is too large for fp16.
bool PassesThroughHalf(const v1::GemmProblem& problem) {
  return problem.d_type() == v1::DATA_TYPE_FP16 ||
         problem.epilogue().aux_type() == v1::DATA_TYPE_FP16 ||
         Admits(problem, v1::PRECISION_FP16_SUMS);
}

// Returns the step in which SmallestDenormals in reference/fill.cuh counts.
double InputDenormalStep(v1::DataType type) {
  switch (MultiplierOf(type)) {
    case Multiplier::kTf32:
      return std::ldexp(1, -136);
    // Tensor cores use these denormals exactly.
    case Multiplier::kInteger:
    case Multiplier::kFp8:
      return 0;
    default:
      return FormatOf(type).denormal_step;
  }
}

double DenormalShare(const v1::GemmProblem& problem) {
  constexpr int kMostSteps = 7;
  return kSteepest * static_cast<double>(problem.k()) * kMostSteps *
         InputDenormalStep(problem.a_type()) *
         std::ldexp(1, AdversarialExponents(problem).high + 1);
}

// Returns the error of sums of `k` products in `precision`, as a share of S: see tolerance.h.
double SumError(v1::Precision precision, int64_t k) {
  const double root = std::sqrt(static_cast<double>(std::max<int64_t>(k, 1)));
  switch (precision) {
    case v1::PRECISION_INT32:
      return 0;
    case v1::PRECISION_FP16_SUMS:
      return std::ldexp(std::max(root, 4.0), -11);
    case v1::PRECISION_FP8_FAST:
      return std::ldexp(root, -15);
    case v1::PRECISION_FP8_PROMOTED:
      return std::ldexp(std::sqrt(static_cast<double>(std::min(k, kPromotedTerms))), -15);
    case v1::PRECISION_TF32X3_PROMOTED:
      return std::ldexp(1, -18);
    case v1::PRECISION_TF32X3:
      return std::ldexp(1 + root, -19);
    default:
      return std::ldexp(root, -21);
  }
}

// Returns the error of an activation as a share of |z|, or of a derivative: see tolerance.h.
double ActivationError(const v1::GemmProblem& problem) {
  const bool is_coarse = problem.epilogue().activation() == v1::ACTIVATION_GELU_ERF &&
                         !problem.epilogue().gradient() && IsCoarse(problem.d_type());
  return is_coarse ? 1.1 * std::ldexp(1, -12) : std::ldexp(1, -20);
}

// Returns the error of products of inputs that are cut to tf32, as a share of S.
double InputError(const v1::GemmProblem& problem, v1::Precision precision) {
  const bool cuts = precision == v1::PRECISION_TF32 && problem.a_type() == v1::DATA_TYPE_FP32;
  return cuts ? std::ldexp(1, -9) : 0;
}

// Denormal sums in fp16 are off by up to a step of 2^-24 after each group.
double Fp16Floor(const v1::GemmProblem& problem, v1::Precision precision) {
  if (precision != v1::PRECISION_FP16_SUMS) return 0;
  const int64_t groups = CeilDiv(problem.k(), kFp16Group);
  return kSteepest * std::ldexp(static_cast<double>(std::max<int64_t>(groups, 1)),
                                -24 + ScaleExponents(problem));
}

}  // namespace

ReferenceTolerance ToleranceFor(const v1::GemmProblem& problem, bool adversarial) {
  return ToleranceFor(problem, PrecisionOfTypes(problem), adversarial);
}

ReferenceTolerance ToleranceFor(const v1::GemmProblem& problem, v1::Precision precision,
                                bool adversarial) {
  const bool exact = problem.d_type() == v1::DATA_TYPE_INT32;
  const StoredFormat& aux = FormatOf(problem.epilogue().aux_type());
  const double underflow = exact ? 0
                                 : std::ldexp(1, -118) + Fp16Floor(problem, precision) +
                                       (adversarial ? DenormalShare(problem) : 0);
  const double dropout_scale = std::ldexp(1, DropoutExponents(problem));
  ReferenceTolerance tolerance{};
  tolerance.sum =
      (adversarial ? 8.0 : 1.0) * SumError(precision, problem.k()) + InputError(problem, precision);
  tolerance.terms = exact ? 0 : std::ldexp(1, ScaleExponents(problem) > 0 ? -21 : -22);
  tolerance.activation = ActivationError(problem);
  tolerance.column_sum = std::ldexp(1, -19);
  tolerance.aux = {aux.unit, aux.denormal_step + underflow, aux.largest,
                   IsFp8(problem.epilogue().aux_type())};
  tolerance.output = OutputRounding(problem);
  tolerance.output.floor += dropout_scale * underflow;
  return tolerance;
}

ReferenceStored OutputRounding(const v1::GemmProblem& problem) {
  ReferenceStored stored = RoundingOf(problem.d_type());
  if (RoundsStochastically(problem.epilogue())) stored.unit *= 2;
  return stored;
}

ReferenceStored RoundingOf(v1::DataType type) {
  const StoredFormat& format = FormatOf(type);
  return {format.unit, format.denormal_step, format.largest, IsFp8(type)};
}

double RelativeErrorBound(const v1::GemmProblem& problem, v1::Precision precision) {
  const ReferenceTolerance tolerance = ToleranceFor(problem, precision, /*adversarial=*/false);
  const double k = static_cast<double>(std::max<int64_t>(problem.k(), 1));
  double error = (tolerance.sum + tolerance.terms) * std::sqrt(k) + 2 * tolerance.terms;
  if (problem.epilogue().activation() > v1::ACTIVATION_NONE) {
    error = std::sqrt(2.0) * (kSteepest * error + tolerance.activation);
  }
  return error + tolerance.output.unit * (1 + error);
}

int ScaleExponents(const v1::GemmProblem& problem) {
  return (IsScaled(problem) ? 2 : 0) + (problem.epilogue().scale_d() ? 1 : 0) +
         DropoutExponents(problem);
}

int DropoutExponents(const v1::GemmProblem& problem) {
  const double kept = 1 - problem.epilogue().dropout().probability();
  return kept > 0 ? static_cast<int>(std::ceil(-std::log2(kept))) : 0;
}

bool MayOverflow(const v1::GemmProblem& problem) {
  if (problem.d_type() != v1::DATA_TYPE_FP16) return false;
  const int exponents = DropoutExponents(problem);
  const double sums = std::sqrt(static_cast<double>(problem.k()) + 4);
  return exponents > 0 && std::ldexp(8 * sums, exponents) > FormatOf(problem.d_type()).largest;
}

ExponentRange AdversarialExponents(const v1::GemmProblem& problem) {
  // k products of values below 2^(high + 1) stay below 2^(2 * high + 2) * k.
  const int sum_limit = PassesThroughHalf(problem) ? 15 - ScaleExponents(problem) : 100;
  // fp16 and e5m2 end at 2^16, e4m3 below 2^9. bf16 and fp32 reach further, but 2^20 is large
  // enough for the test.
  const auto limit_of = [](v1::DataType type) {
    return std::min(std::ilogb(FormatOf(type).largest) - 1, 20);
  };
  const int input_limit = std::min(limit_of(problem.a_type()), limit_of(problem.b_type()));
  const double per_value = (sum_limit - CeilLog2(problem.k())) / 2.0;
  const int high = std::min(input_limit, static_cast<int>(std::floor(per_value)) - 1);
  return {high - 16, high};
}

double AlphaForRange(const v1::GemmProblem& problem, bool adversarial) {
  const int scales = ScaleExponents(problem);
  const int log_k = CeilLog2(problem.k());
  if (IsInteger(problem.a_type()) && PassesThroughHalf(problem)) {
    // k products of at most 2^14 must stay below 2^15.
    return std::ldexp(1, std::min(0, 1 - log_k - scales));
  }
  const v1::DataType narrow = NarrowestOutput(problem);
  if (!IsFp8(narrow)) return 1;
  if (!adversarial) return std::ldexp(1, -(log_k + 1) / 2 - DropoutExponents(problem));
  // k products of at most 2^(2 * high + 2) must stay below the largest power of two.
  return std::ldexp(1, std::ilogb(FormatOf(narrow).largest) -
                           (2 * AdversarialExponents(problem).high + 2) - log_k - scales);
}

}  // namespace tilewright
