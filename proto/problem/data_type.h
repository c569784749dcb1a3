// The table of all that the host knows about the element types of tensors. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_DATA_TYPE_H_
#define TILEWRIGHT_PROTO_PROBLEM_DATA_TYPE_H_

#include <string>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The unit that multiplies elements of a type: CUDA cores, or a form of the tensor core. It decides
// which precisions the type has, and how fast they are.
enum class Multiplier { kNone, kFp32, kTf32, kHalf, kFp8, kInteger };
Multiplier MultiplierOf(v1::DataType type);

// How stored values are rounded. Integers are exact: their unit and their step are 0.
struct StoredFormat {
  double unit;  // Half a spacing at 1.
  double denormal_step;
  double largest;
};
const StoredFormat& FormatOf(v1::DataType type);

// Returns the type's name, such as "bf16"; "unspecified" for the zero value.
std::string TypeName(v1::DataType type);

// Returns the bytes of one stored element; 0 for UNSPECIFIED.
int StorageBytes(v1::DataType type);

// Returns whether `type` is INT8 or INT32.
bool IsInteger(v1::DataType type);

// Returns whether `type` is E4M3 or E5M2.
bool IsFp8(v1::DataType type);

// Returns whether activations rounded to `type` may be coarse: IsCoarse in epilogue/activation.cuh.
bool IsCoarse(v1::DataType type);

// Returns whether `type` is FP16 or BF16.
bool IsHalfWidth(v1::DataType type);

// Returns whether `type` is FP32, FP16 or BF16, as for biases, sources and floating-point outputs.
bool IsStoredFloat(v1::DataType type);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_DATA_TYPE_H_
