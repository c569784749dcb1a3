#include "proto/problem/data_type.h"

#include "gtest/gtest.h"

namespace tilewright {
namespace {

TEST(StorageBytesTest, KnowsEveryType) {
  EXPECT_EQ(StorageBytes(v1::DATA_TYPE_FP32), 4);
  EXPECT_EQ(StorageBytes(v1::DATA_TYPE_TF32), 4);
  EXPECT_EQ(StorageBytes(v1::DATA_TYPE_INT32), 4);
  EXPECT_EQ(StorageBytes(v1::DATA_TYPE_FP16), 2);
  EXPECT_EQ(StorageBytes(v1::DATA_TYPE_BF16), 2);
  EXPECT_EQ(StorageBytes(v1::DATA_TYPE_E4M3), 1);
  EXPECT_EQ(StorageBytes(v1::DATA_TYPE_E5M2), 1);
  EXPECT_EQ(StorageBytes(v1::DATA_TYPE_INT8), 1);
  EXPECT_EQ(StorageBytes(v1::DATA_TYPE_UNSPECIFIED), 0);
}

TEST(DataTypeTest, TellsTypesApart) {
  for (int number = v1::DataType_MIN; number <= v1::DataType_MAX; ++number) {
    const auto type = static_cast<v1::DataType>(number);
    const bool is_fp8 = type == v1::DATA_TYPE_E4M3 || type == v1::DATA_TYPE_E5M2;
    const bool is_half = type == v1::DATA_TYPE_FP16 || type == v1::DATA_TYPE_BF16;
    EXPECT_EQ(IsFp8(type), is_fp8) << TypeName(type);
    EXPECT_EQ(IsHalfWidth(type), is_half) << TypeName(type);
    EXPECT_EQ(IsStoredFloat(type), is_half || type == v1::DATA_TYPE_FP32) << TypeName(type);
    EXPECT_EQ(IsCoarse(type), is_fp8 || type == v1::DATA_TYPE_BF16) << TypeName(type);
    EXPECT_EQ(IsInteger(type), type == v1::DATA_TYPE_INT8 || type == v1::DATA_TYPE_INT32)
        << TypeName(type);
  }
}

}  // namespace
}  // namespace tilewright
