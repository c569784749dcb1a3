#include "proto/problem/data_type.h"

#include "proto/problem/shared_parts.h"

namespace tilewright {

std::string TypeName(v1::DataType type) { return LowerName(v1::DataType_Name(type), "DATA_TYPE_"); }

int StorageBytes(v1::DataType type) {
  switch (type) {
    case v1::DATA_TYPE_FP32:
    case v1::DATA_TYPE_TF32:
    case v1::DATA_TYPE_INT32:
      return 4;
    case v1::DATA_TYPE_FP16:
    case v1::DATA_TYPE_BF16:
      return 2;
    case v1::DATA_TYPE_E4M3:
    case v1::DATA_TYPE_E5M2:
    case v1::DATA_TYPE_INT8:
      return 1;
    default:
      return 0;
  }
}

bool IsFp8(v1::DataType type) { return type == v1::DATA_TYPE_E4M3 || type == v1::DATA_TYPE_E5M2; }

bool IsCoarse(v1::DataType type) { return type == v1::DATA_TYPE_BF16 || IsFp8(type); }

bool IsHalfWidth(v1::DataType type) {
  return type == v1::DATA_TYPE_FP16 || type == v1::DATA_TYPE_BF16;
}

bool IsStoredFloat(v1::DataType type) { return type == v1::DATA_TYPE_FP32 || IsHalfWidth(type); }

}  // namespace tilewright
