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

}  // namespace
}  // namespace tilewright
