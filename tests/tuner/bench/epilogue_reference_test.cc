// The reference of the epilogue, compiled for the host.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "absl/base/casts.h"
#include "tests/golden/dropout_masks.h"
#include "tests/proto/problem/dropout_mask_oracle.h"
#include "tests/tuner/bench/fake_cuda/device_shim.h"
// After the shim, which lets the host compile it.
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
    const double difference =
        (ReferenceActivation(z + kStep, GetParam()) - ReferenceActivation(z - kStep, GetParam())) /
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

float RoundedToBf16(float value) {
  const auto bits = absl::bit_cast<uint32_t>(value);
  return absl::bit_cast<float>((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000u);
}

// What rounding z on its way between two launches changes is within the share that `size_z` gives
// of it, forward and backward, with dropout and a scale.
TEST(FinishElementTest, SizeZBoundsWhatRoundingZChanges) {
  const double unit = std::ldexp(1, -8);
  for (const int activation : {1, kRelu, kGeluTanh, kGeluErf, kSilu}) {
    for (const int gradient : {0, 1}) {
      double expected = 0;
      double bound = 0;
      float size = 0;
      float size_z = 0;
      float of_activation = 0.7f;
      ReferenceGemmArgs args{};
      args.expected = &expected;
      args.bound = &bound;
      args.size = &size;
      args.size_z = &size_z;
      args.alpha = 1;
      args.scale_d = -1.5;
      args.activation = activation;
      args.gradient = gradient;
      constexpr int kFp32 = 1;  // The number of a tilewright.v1.DataType.
      if (gradient) args.z = {&of_activation, 1, 1, 1, 1, 1, kFp32};
      args.dropout = {1, 1, 2.0, 0, 7};
      double largest = 0;
      for (float z = -6; z < 6; z += 0.00371f) {
        FinishElement(args, 0, 0, 0, 0, static_cast<double>(RoundedToBf16(z)), 1);
        const double rounded = expected;
        FinishElement(args, 0, 0, 0, 0, static_cast<double>(z), 1);
        EXPECT_LE(std::abs(rounded - expected), unit * static_cast<double>(size_z)) << z;
        largest =
            std::max(largest, std::abs(rounded - expected) / (unit * static_cast<double>(size_z)));
      }
      EXPECT_GT(largest, 0.3) << "a bound that says little: " << activation;
    }
  }
}

// What BLAS says of 0: a product or a C that it is multiplied with is no part of the sum, whatever
// they are.
class UnreadTermsTest : public testing::Test {
 protected:
  UnreadTermsTest() {
    args_.source = {&source_, 1, 1, 1, 1, 1, kFp32};
    args_.expected = &expected_;
    args_.bound = &bound_;
    args_.size = &size_;
    args_.size_z = &size_z_;
    args_.scale_d = 1;
    args_.tolerance = {0.1, 0.1, 0.1, 0.1, {0.1, 0.1, 1e30, 0}, {0.1, 0.1, 1e30, 0}};
  }

  double Finish(double alpha, double product, double beta, float source) {
    args_.alpha = alpha;
    args_.beta = beta;
    source_ = source;
    FinishElement(args_, 0, 0, 0, 0, product, std::abs(product));
    return expected_;
  }

  ReferenceGemmArgs args_{};
  float source_ = 0;
  double expected_ = 0;
  double bound_ = 0;
  float size_ = 0;
  float size_z_ = 0;
};

TEST_F(UnreadTermsTest, BetaZeroLeavesCOut) {
  for (const float source : {NAN, INFINITY, -INFINITY, 3.0f}) {
    EXPECT_EQ(Finish(0.5, 4, 0, source), 2) << source;
    EXPECT_TRUE(std::isfinite(bound_)) << source;
    EXPECT_EQ(Finish(0.5, 4, -0.0, source), 2) << source;
  }
  EXPECT_EQ(Finish(0.5, 4, 2, 3), 8);
  EXPECT_TRUE(std::isnan(Finish(0.5, 4, 2, NAN)));
  EXPECT_TRUE(std::isnan(Finish(0.5, 4, NAN, 3)));
}

TEST_F(UnreadTermsTest, AlphaZeroLeavesTheProductsOut) {
  for (const double product : {static_cast<double>(NAN), static_cast<double>(INFINITY), 4.0}) {
    EXPECT_EQ(Finish(0, product, 2, 3), 6) << product;
    EXPECT_TRUE(std::isfinite(bound_) && std::isfinite(size_)) << product;
    EXPECT_EQ(Finish(0, product, 0, NAN), 0) << product;
  }
  EXPECT_TRUE(std::isnan(Finish(1, NAN, 0, 3)));
}

TEST_F(UnreadTermsTest, AResidualIsReadWhateverBetaIs) {
  args_.source_residual = 1;
  EXPECT_EQ(Finish(0.5, 4, 0, 3), 5);
  EXPECT_TRUE(std::isnan(Finish(0.5, 4, 0, NAN)));
}

TEST_F(UnreadTermsTest, ASourceThatIsNotThereIsNotRead) {
  args_.source.data = nullptr;
  EXPECT_EQ(Finish(0.5, 4, 0, 3), 2);
}

}  // namespace
}  // namespace tilewright
