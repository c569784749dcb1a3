// Translates our problems and scalars into cublasLt's types. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_TYPES_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_TYPES_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "kernel_templates/launch/vendor/vendor_abi.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright::vendor {

struct Types {
  DataType a;
  DataType b;
  DataType source;  // The type of C.
  DataType output;
  ComputeType compute;
  DataType scale;
  bool fast_accumulation;  // For fp8: sums are not promoted.
};

// Returns the row of cublasLtMatmul's table of types for `problem` in `precision`, if there is one.
// UNSPECIFIED: the precision of the problem's types.
std::optional<Types> TypesOf(const v1::GemmProblem& problem, v1::Precision precision);

// The scale modes for our A and B. Both are kScalar if there are no scales.
struct ScaleModes {
  ScaleMode a;
  ScaleMode b;
};
ScaleModes ScaleModesOf(v1::ScalingMode mode);

// alpha or beta in the scale type. cublasLt reads as many bytes as that type has.
union Scalar {
  float fp32;
  int32_t int32;
  uint16_t fp16;
};

// INVALID_ARGUMENT, reason SCALAR_NOT_EXACT, if the type cannot hold `value` exactly.
absl::StatusOr<Scalar> ToScalar(const char* field, float value, DataType type);

}  // namespace tilewright::vendor

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_TYPES_H_
