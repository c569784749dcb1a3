// The element types of tensors: the one table of what the host knows about them. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_DATA_TYPE_H_
#define TILEWRIGHT_PROTO_PROBLEM_DATA_TYPE_H_

#include <string>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// What multiplies elements of a type: CUDA cores, or a form of the tensor core. It decides which
// precisions the type has, and how fast.
enum class Multiplier { kNone, kFp32, kTf32, kHalf, kFp8, kInteger };
Multiplier MultiplierOf(v1::DataType type);

// How values are rounded when they are stored. Of integers, which are exact, units and steps of 0.
struct StoredFormat {
  double unit;  // Half a spacing at 1.
  double denormal_step;
  double largest;
};
const StoredFormat& FormatOf(v1::DataType type);

// "bf16"; "unspecified" for the zero value.
std::string TypeName(v1::DataType type);

// Bytes of one element as stored; 0 for UNSPECIFIED.
int StorageBytes(v1::DataType type);

// INT8 or INT32.
bool IsInteger(v1::DataType type);

// E4M3 or E5M2.
bool IsFp8(v1::DataType type);

// Whether activations that are rounded to it may be coarse: IsCoarse of epilogue/activation.cuh.
bool IsCoarse(v1::DataType type);

// FP16 or BF16.
bool IsHalfWidth(v1::DataType type);

// FP32, FP16 or BF16: what biases, sources and floating-point outputs are stored as.
bool IsStoredFloat(v1::DataType type);

}  // namespace tilewright

#endif  // TILEWRIGHT_PROTO_PROBLEM_DATA_TYPE_H_
