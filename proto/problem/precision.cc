#include "proto/problem/precision.h"

#include <cstring>

#include "absl/strings/ascii.h"
#include "proto/problem/data_type.h"

namespace tilewright {
namespace {

// What the tensor core makes of a type without parameters that say otherwise.
v1::Precision OnTensorCore(v1::DataType input) {
  switch (input) {
    case v1::DATA_TYPE_FP32:
    case v1::DATA_TYPE_TF32:
      return v1::PRECISION_TF32;
    case v1::DATA_TYPE_INT8:
      return v1::PRECISION_INT32;
    case v1::DATA_TYPE_E4M3:
    case v1::DATA_TYPE_E5M2:
      return v1::PRECISION_FP8_FAST;
    default:
      return v1::PRECISION_FP32;
  }
}

PrecisionParameters ParametersOf(const v1::Variant& variant) {
  PrecisionParameters parameters;
  for (const v1::Parameter& parameter : variant.config().parameters()) {
    const int value = static_cast<int>(parameter.value());
    if (parameter.name() == "promote") parameters.promote = value;
    if (parameter.name() == "products") parameters.products = value;
    if (parameter.name() == "fp16_sums") parameters.fp16_sums = value;
  }
  return parameters;
}

}  // namespace

v1::Precision TensorCorePrecision(v1::DataType input, const PrecisionParameters& parameters) {
  const auto& [promote, products, fp16_sums] = parameters;
  if (fp16_sums) {
    const bool is_made = (input == v1::DATA_TYPE_FP16 || IsFp8(input)) && !promote && products == 1;
    return is_made ? v1::PRECISION_FP16_SUMS : v1::PRECISION_UNSPECIFIED;
  }
  if (products == 3 && input == v1::DATA_TYPE_FP32) {
    return promote ? v1::PRECISION_TF32X3_PROMOTED : v1::PRECISION_TF32X3;
  }
  if (products != 1) return v1::PRECISION_UNSPECIFIED;
  if (promote) return IsFp8(input) ? v1::PRECISION_FP8_PROMOTED : v1::PRECISION_UNSPECIFIED;
  return OnTensorCore(input);
}

bool Admits(const v1::GemmProblem& gemm, v1::Precision precision) {
  const bool is_open = gemm.numerics().error_budget() > 0 &&
                       gemm.accumulator_type() == v1::DATA_TYPE_UNSPECIFIED &&
                       !gemm.numerics().promote_accumulation();
  if (!is_open) return precision == PrecisionOfTypes(gemm);
  const v1::DataType input = gemm.a_type();
  switch (precision) {
    case v1::PRECISION_FP32:
      return input == v1::DATA_TYPE_FP32 || IsHalfWidth(input);
    case v1::PRECISION_TF32X3_PROMOTED:
    case v1::PRECISION_TF32X3:
      return input == v1::DATA_TYPE_FP32;
    case v1::PRECISION_TF32:
      return input == v1::DATA_TYPE_FP32 || input == v1::DATA_TYPE_TF32;
    case v1::PRECISION_FP16_SUMS:
      return input == v1::DATA_TYPE_FP16;
    case v1::PRECISION_FP8_PROMOTED:
    case v1::PRECISION_FP8_FAST:
      return IsFp8(input);
    case v1::PRECISION_INT32:
      return input == v1::DATA_TYPE_INT8;
    default:
      return false;
  }
}

std::vector<v1::Precision> AdmissiblePrecisions(const v1::GemmProblem& gemm) {
  std::vector<v1::Precision> admitted;
  for (int number = v1::Precision_MIN; number <= v1::Precision_MAX; ++number) {
    const auto precision = static_cast<v1::Precision>(number);
    if (Admits(gemm, precision)) admitted.push_back(precision);
  }
  return admitted;
}

v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const v1::Variant& variant) {
  if (variant.template_name() == "gemm_simt") return v1::PRECISION_FP32;
  return TensorCorePrecision(gemm.a_type(), ParametersOf(variant));
}

v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const v1::VendorKernel& kernel) {
  return kernel.precision() != v1::PRECISION_UNSPECIFIED ? kernel.precision()
                                                         : PrecisionOfTypes(gemm);
}

v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const v1::Candidate& candidate) {
  return candidate.has_vendor() ? PrecisionOf(gemm, candidate.vendor())
                                : PrecisionOf(gemm, candidate.variant());
}

ComputeTypes ComputeTypesOf(v1::DataType input, v1::Precision precision) {
  switch (precision) {
    case v1::PRECISION_TF32X3_PROMOTED:
    case v1::PRECISION_TF32X3:
    case v1::PRECISION_TF32:
      return {v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP32};
    case v1::PRECISION_FP16_SUMS:
      return {input, v1::DATA_TYPE_FP16};
    case v1::PRECISION_INT32:
      return {input, v1::DATA_TYPE_INT32};
    default:
      return {input, v1::DATA_TYPE_FP32};
  }
}

std::string PrecisionName(v1::Precision precision) {
  constexpr char kPrefix[] = "PRECISION_";
  return absl::AsciiStrToLower(v1::Precision_Name(precision).substr(std::strlen(kPrefix)));
}

}  // namespace tilewright
