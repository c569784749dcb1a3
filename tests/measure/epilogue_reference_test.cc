// The reference of the epilogue, compiled for the host.
#include <gtest/gtest.h>

#include "kernel_templates/launch/dropout_mask.h"
#include "tests/golden/dropout_masks.h"
#include "tests/measure/fake_cuda/device_shim.h"

#include "kernel_templates/reference/epilogue_reference.cuh"

namespace tilewright {
namespace {

class DerivativeTest : public testing::TestWithParam<int> {};

// Central differences of step h are off by h^2 / 6 of the third derivative, and by the rounding of
// the values, 2^-53 / h.
TEST_P(DerivativeTest, IsThatOfTheActivation) {
  constexpr double kStep = 1e-5;
  double steepest = 0;
  for (double z = -12; z <= 12; z += 0.0137) {
    const double difference = (ReferenceActivation(z + kStep, GetParam()) -
                               ReferenceActivation(z - kStep, GetParam())) /
                              (2 * kStep);
    EXPECT_NEAR(ReferenceDerivative(z, GetParam()), difference, 1e-9) << z;
    steepest = std::max(steepest, std::abs(ReferenceDerivative(z, GetParam())));
  }
  EXPECT_LE(steepest, 1.13);
}

TEST_P(DerivativeTest, EndsAtZeroAndOne) {
  for (const double z : {64.0, 0x1p20, 0x1p40}) {
    EXPECT_EQ(ReferenceDerivative(z, GetParam()), 1);
    EXPECT_NEAR(ReferenceDerivative(-z, GetParam()), 0, 1e-25) << z;
  }
}

INSTANTIATE_TEST_SUITE_P(Activations, DerivativeTest,
                         testing::Values(kRelu, kGeluTanh, kGeluErf, kSilu));

TEST(DerivativeTest, OfReluIsZeroAtZero) { EXPECT_EQ(ReferenceDerivative(0, kRelu), 0); }

TEST(ReferenceKeepsTest, GivesTheGoldenMasks) {
  for (const auto& golden : GoldenMasks()["masks"]) {
    const DropoutMask mask = MaskOf(golden);
    const MaskRegion region = RegionOf(golden);
    const ReferenceDropout dropout = {mask.seed, mask.offset, 1, mask.threshold, mask.rounds};
    for (int64_t i = 0; i < region.rows; ++i) {
      for (int64_t j = 0; j < region.columns; ++j) {
        const auto row = region.first_row + static_cast<uint32_t>(i);
        const auto column = region.first_column + static_cast<uint32_t>(j);
        ASSERT_EQ(ReferenceKeeps(dropout, region.batch, row, column),
                  mask.Keeps(region.batch, row, column))
            << golden << i << ", " << j;
      }
    }
  }
}

}  // namespace
}  // namespace tilewright
