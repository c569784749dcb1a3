#include "proto/problem/dropout_mask.h"

#include <cfenv>

#include "gtest/gtest.h"
#include "tests/golden/dropout_masks.h"
#include "tests/proto/problem/dropout_mask_oracle.h"

namespace tilewright {
namespace {

TEST(DropoutMaskTest, PhiloxGivesThePublishedWords) {
  for (const auto& golden : GoldenMasks()["philox"]) {
    EXPECT_EQ(
        Philox4x32(HexWords<4>(golden["counter"]), HexWords<2>(golden["key"]), golden["rounds"]),
        HexWords<4>(golden["words"]))
        << golden;
  }
}

TEST(DropoutMaskTest, ProbabilitiesAreQuantisedToTheNearestEven) {
  for (const auto& golden : GoldenMasks()["probabilities"]) {
    const uint32_t threshold = QuantizeProbability(golden["probability"]);
    EXPECT_EQ(threshold, golden["threshold"].get<uint32_t>()) << golden;
    EXPECT_EQ(DropoutScale(threshold), golden["scale"].get<float>()) << golden;
  }
}

TEST(DropoutMaskTest, QuantisingIgnoresTheRoundingMode) {
  std::fesetround(FE_UPWARD);
  const uint32_t threshold = QuantizeProbability(0.1);
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(threshold, 3277u);
}

TEST(DropoutMaskTest, EveryThresholdIsItsOwnQuantisation) {
  for (uint32_t threshold = 0; threshold <= kDropoutSteps; ++threshold) {
    ASSERT_EQ(QuantizeProbability(1.0 * threshold / kDropoutSteps), threshold);
  }
}

TEST(DropoutMaskTest, OffsetsBringTheFirstBitsThatAreKeptToTheSign) {
  EXPECT_EQ(DropoutOffset(1), 0x7FFF7FFFu);
  EXPECT_EQ(DropoutOffset(16384), 0x40004000u);
  EXPECT_EQ(DropoutOffset(32768), 0u);
}

TEST(DropoutMaskTest, MasksAreTheGoldenOnes) {
  const auto all = GoldenMasks();
  ASSERT_FALSE(all["masks"].empty());
  for (const auto& golden : all["masks"]) {
    EXPECT_EQ(HexBytes(PackMask(MaskOf(golden), RegionOf(golden))),
              golden["packed"].get<std::string>())
        << golden;
  }
}

TEST(DropoutMaskTest, RoundingBitsAreTheGoldenOnes) {
  for (const auto& golden : GoldenMasks()["rounding_bits"]) {
    const MaskRegion region = RegionOf(golden);
    for (int64_t i = 0; i < region.rows; ++i) {
      for (int64_t j = 0; j < region.columns; ++j) {
        EXPECT_EQ(RoundingBits(golden["seed"], golden["offset"], region.batch,
                               region.first_row + static_cast<uint32_t>(i),
                               region.first_column + static_cast<uint32_t>(j)),
                  golden["bits"][static_cast<size_t>(i)][static_cast<size_t>(j)].get<uint32_t>())
            << golden << i << ", " << j;
      }
    }
  }
}

TEST(DropoutMaskTest, PaddingOfAPackedRowIsZero) {
  const DropoutMask all_kept = {1, 2, 7, 0};
  const MaskRegion region = {0, 0, 0, 1, 17};
  EXPECT_EQ(PackMask(all_kept, region), (std::vector<uint8_t>{0xFF, 0xFF, 0x01, 0x00}));
}

}  // namespace
}  // namespace tilewright
