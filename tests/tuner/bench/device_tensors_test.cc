#include "tuner/bench/device_tensors.h"

#include <gtest/gtest.h>

namespace tilewright {
namespace {

TEST(GuardedBufferTest, GuardsHoldATileOfRowsWithinBounds) {
  EXPECT_EQ(GuardedBuffer::GuardBytes(16), int64_t{1} << 20);
  EXPECT_EQ(GuardedBuffer::GuardBytes(16384), int64_t{4} << 20);
  EXPECT_EQ(GuardedBuffer::GuardBytes(int64_t{1} << 40), int64_t{16} << 20);
  EXPECT_EQ(GuardedBuffer::GuardBytes(5001) % 256, 0);
}

}  // namespace
}  // namespace tilewright
