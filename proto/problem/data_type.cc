#include "proto/problem/data_type.h"

#include <cmath>
#include <cstddef>
#include <iterator>

#include "proto/problem/shared_parts.h"

namespace tilewright {
namespace {

struct DataTypeRow {
  v1::DataType type;
  int bytes;
  Multiplier multiplier;
  StoredFormat format;
};

constexpr StoredFormat kBinary32 = {0x1p-24, 0x1p-149, 3.4028234663852886e38};
constexpr StoredFormat kExact = {0, 0, INFINITY};

// Each type is at its own number. The first row stands for types that this version does not know.
constexpr DataTypeRow kTypes[] = {
    {v1::DATA_TYPE_UNSPECIFIED, 0, Multiplier::kNone, kBinary32},
    {v1::DATA_TYPE_FP32, 4, Multiplier::kFp32, kBinary32},
    {v1::DATA_TYPE_TF32, 4, Multiplier::kTf32, kBinary32},
    {v1::DATA_TYPE_FP16, 2, Multiplier::kHalf, {0x1p-11, 0x1p-24, 65504.0}},
    {v1::DATA_TYPE_BF16, 2, Multiplier::kHalf, {0x1p-8, 0x1p-133, 3.3895313892515355e38}},
    {v1::DATA_TYPE_E4M3, 1, Multiplier::kFp8, {0x1p-4, 0x1p-9, 448.0}},
    {v1::DATA_TYPE_E5M2, 1, Multiplier::kFp8, {0x1p-3, 0x1p-16, 57344.0}},
    {v1::DATA_TYPE_INT8, 1, Multiplier::kInteger, kExact},
    {v1::DATA_TYPE_INT32, 4, Multiplier::kNone, kExact},
};

constexpr bool IsInOrder() {
  for (std::size_t i = 0; i < std::size(kTypes); ++i) {
    if (kTypes[i].type != static_cast<v1::DataType>(i)) return false;
  }
  return std::size(kTypes) == v1::DataType_ARRAYSIZE;
}
static_assert(IsInOrder());

const DataTypeRow& RowOf(v1::DataType type) {
  const auto number = static_cast<std::size_t>(type);
  return kTypes[number < std::size(kTypes) ? number : 0];
}

}  // namespace

Multiplier MultiplierOf(v1::DataType type) { return RowOf(type).multiplier; }

const StoredFormat& FormatOf(v1::DataType type) { return RowOf(type).format; }

std::string TypeName(v1::DataType type) { return LowerName(v1::DataType_Name(type), "DATA_TYPE_"); }

int StorageBytes(v1::DataType type) { return RowOf(type).bytes; }

bool IsInteger(v1::DataType type) { return FormatOf(type).unit == 0; }

bool IsFp8(v1::DataType type) { return MultiplierOf(type) == Multiplier::kFp8; }

bool IsCoarse(v1::DataType type) {
  return FormatOf(type).unit >= FormatOf(v1::DATA_TYPE_BF16).unit;
}

bool IsHalfWidth(v1::DataType type) { return MultiplierOf(type) == Multiplier::kHalf; }

bool IsStoredFloat(v1::DataType type) { return type == v1::DATA_TYPE_FP32 || IsHalfWidth(type); }

}  // namespace tilewright
