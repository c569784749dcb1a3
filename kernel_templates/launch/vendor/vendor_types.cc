#include "kernel_templates/launch/vendor/vendor_types.h"

#include <cmath>

#include "proto/problem/gemm/precision.h"
#include "proto/support/errors.h"

namespace tilewright::vendor {
namespace {

// Returns the IEEE binary16 that equals `value`, if there is one. Other scalars are refused.
std::optional<uint16_t> ExactHalf(float value) {
  const int sign = std::signbit(value) ? 0x8000 : 0;
  const float size = std::fabs(value);
  if (std::isinf(value)) return static_cast<uint16_t>(sign | 0x7C00);
  if (!(size <= 65504)) return std::nullopt;  // Or it is a NaN.
  // Below 2^-14 halves are multiples of 2^-24. Above, each power of two has 1024 of them.
  const int unit = size < 0x1p-14f ? -24 : std::ilogb(size) - 10;
  const float units = std::ldexp(size, -unit);
  if (units != std::trunc(units)) return std::nullopt;
  return static_cast<uint16_t>(sign + ((unit + 24) << 10) + static_cast<int>(units));
}

std::optional<DataType> Fp8(v1::DataType type) {
  if (type == v1::DATA_TYPE_E4M3) return kReal8FE4M3;
  if (type == v1::DATA_TYPE_E5M2) return kReal8FE5M2;
  return std::nullopt;
}

// A row in which C has the type of D, and scalars are fp32.
Types Of(DataType a, DataType b, DataType output, ComputeType compute = kCompute32F) {
  return {a, b, output, output, compute, kReal32F, false};
}

std::optional<Types> Fp8Row(const v1::GemmProblem& problem, DataType a) {
  const auto b = Fp8(problem.b_type());
  if (!b) return std::nullopt;
  switch (problem.d_type()) {
    case v1::DATA_TYPE_BF16:
      return Of(a, *b, kReal16BF);
    case v1::DATA_TYPE_FP16:
      return Of(a, *b, kReal16F);
    case v1::DATA_TYPE_FP32:
      return Of(a, *b, kReal32F);
    // cublasLt reads no C with 8 bits. With an fp8 D, C is bf16.
    case v1::DATA_TYPE_E4M3:
      return Types{a, *b, kReal16BF, kReal8FE4M3, kCompute32F, kReal32F, false};
    case v1::DATA_TYPE_E5M2:
      // One of the inputs must have that range too.
      if (a == kReal8FE4M3 && *b == kReal8FE4M3) return std::nullopt;
      return Types{a, *b, kReal16BF, kReal8FE5M2, kCompute32F, kReal32F, false};
    default:
      return std::nullopt;
  }
}

std::optional<Types> Fp8Types(const v1::GemmProblem& problem, DataType a, bool fast) {
  std::optional<Types> types = Fp8Row(problem, a);
  if (types) types->fast_accumulation = fast;
  return types;
}

// For fp32 or 16-bit inputs that are summed in fp32.
std::optional<Types> FloatTypes(v1::DataType input, v1::DataType output, ComputeType compute) {
  const bool narrow_output = output == input;
  if (!narrow_output && output != v1::DATA_TYPE_FP32) return std::nullopt;
  switch (input) {
    case v1::DATA_TYPE_BF16:
      return Of(kReal16BF, kReal16BF, narrow_output ? kReal16BF : kReal32F, compute);
    case v1::DATA_TYPE_FP16:
      return Of(kReal16F, kReal16F, narrow_output ? kReal16F : kReal32F, compute);
    case v1::DATA_TYPE_FP32:
    case v1::DATA_TYPE_TF32:
      return Of(kReal32F, kReal32F, kReal32F, compute);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Types> TypesOf(const v1::GemmProblem& problem, v1::Precision precision) {
  if (precision == v1::PRECISION_UNSPECIFIED) precision = PrecisionOfTypes(problem);
  const v1::DataType a = problem.a_type();
  const v1::DataType d = problem.d_type();
  const auto fp8 = Fp8(a);
  if (!fp8 && a != problem.b_type()) return std::nullopt;
  switch (precision) {
    case v1::PRECISION_FP8_FAST:
    case v1::PRECISION_FP8_PROMOTED:
      if (!fp8) return std::nullopt;
      return Fp8Types(problem, *fp8, precision == v1::PRECISION_FP8_FAST);
    case v1::PRECISION_INT32:
      if (a != v1::DATA_TYPE_INT8 || d != v1::DATA_TYPE_INT32) return std::nullopt;
      return Types{kReal8I, kReal8I, kReal32I, kReal32I, kCompute32I, kReal32I, false};
    case v1::PRECISION_FP16_SUMS:
      if (a != v1::DATA_TYPE_FP16 || d != a) return std::nullopt;
      return Types{kReal16F, kReal16F, kReal16F, kReal16F, kCompute16F, kReal16F, false};
    case v1::PRECISION_TF32:
      return FloatTypes(a, d, kComputeTf32);
    case v1::PRECISION_FP32:
      return FloatTypes(a, d, kCompute32F);
    default:
      return std::nullopt;
  }
}

ScaleModes ScaleModesOf(v1::ScalingMode mode) {
  switch (mode) {
    case v1::SCALING_MODE_PER_ROW_COLUMN:
      return {kOuterVector, kOuterVector};
    case v1::SCALING_MODE_BLOCK_128:
      return {kVector128, kBlock128x128};
    default:
      return {kScalar, kScalar};
  }
}

absl::StatusOr<Scalar> ToScalar(const char* field, float value, DataType type) {
  Scalar scalar{};
  if (type == kReal32F) {
    scalar.fp32 = value;
    return scalar;
  }
  if (type == kReal32I && value >= -1e9f && value <= 1e9f) {
    scalar.int32 = static_cast<int32_t>(value);
    if (static_cast<float>(scalar.int32) == value) return scalar;
  }
  if (type == kReal16F) {
    if (const auto half = ExactHalf(value)) {
      scalar.fp16 = *half;
      return scalar;
    }
  }
  return InvalidField(field, "SCALAR_NOT_EXACT",
                      "cublasLt takes it in the accumulator's type, which cannot hold it");
}

}  // namespace tilewright::vendor
