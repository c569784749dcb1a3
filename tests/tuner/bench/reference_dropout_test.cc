#include <gtest/gtest.h>

#include "proto/problem/dropout_mask.h"
#include "tuner/bench/reference.h"

namespace tilewright {
namespace {

constexpr uint64_t kSeed = uint64_t{1} << 63;
constexpr uint64_t kOffset = uint64_t{1} << 47;

ReferenceDropout Of(double probability) {
  v1::Dropout dropout;
  dropout.set_probability(probability);
  dropout.set_philox_rounds(10);
  return ReferenceDropoutOf(dropout, kSeed, kOffset);
}

TEST(ReferenceDropoutTest, HasTheThresholdAndTheScaleOfLaunches) {
  const ReferenceDropout dropout = Of(0.1);
  EXPECT_EQ(dropout.seed, kSeed);
  EXPECT_EQ(dropout.offset, kOffset);
  EXPECT_EQ(dropout.threshold, 3277u);
  EXPECT_EQ(dropout.scale, 32768.0f / 29491.0f) << "the scale is rounded to fp32";
  EXPECT_EQ(dropout.rounds, 10);
}

TEST(ReferenceDropoutTest, WithoutAProbabilityThereIsNone) { EXPECT_EQ(Of(0).rounds, 0); }

TEST(ReferenceDropoutTest, DropsEverythingWithAScaleOfZero) {
  const ReferenceDropout dropout = Of(1);
  EXPECT_EQ(dropout.threshold, kDropoutSteps);
  EXPECT_EQ(dropout.scale, 0);
}

}  // namespace
}  // namespace tilewright
