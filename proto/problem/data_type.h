// The element types of tensors: the one table of what the host knows about them. Pure; any thread.
#ifndef TILEWRIGHT_PROTO_PROBLEM_DATA_TYPE_H_
#define TILEWRIGHT_PROTO_PROBLEM_DATA_TYPE_H_

#include <string>

#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// "bf16"; "unspecified" for the zero value.
std::string TypeName(v1::DataType type);

// Bytes of one element as stored; 0 for UNSPECIFIED.
int StorageBytes(v1::DataType type);

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
