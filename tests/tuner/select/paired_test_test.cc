#include "tuner/select/paired_test.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tilewright {
namespace {

v1::Measurement Of(const std::vector<double>& seconds) {
  v1::Measurement measurement;
  for (const double value : seconds) measurement.add_seconds(value);
  return measurement;
}

// Rounds in which a is slower by these factors.
PairedDifference Compare(const std::vector<double>& factors) {
  return ComparePaired(Of(factors), Of(std::vector<double>(factors.size(), 1)));
}

TEST(PairedTest, AlwaysSlowerIsAsLikelyAsAllHeads) {
  const PairedDifference difference = Compare({1.01, 1.02, 1.03, 1.04, 1.05});
  EXPECT_DOUBLE_EQ(difference.ratio, 1.03);
  EXPECT_NEAR(difference.probability, 1.0 / 32, 1e-12);
  EXPECT_NEAR(Compare({0.99, 0.98, 0.97}).probability, 1, 1e-12);
}

TEST(PairedTest, CountsTheRoundsAndLeavesOutTies) {
  EXPECT_NEAR(Compare({1.01, 0.98, 1.03}).probability, 4.0 / 8, 1e-12);
  EXPECT_NEAR(Compare({1, 1, 2, 1}).probability, 1.0 / 2, 1e-12);
  EXPECT_NEAR(Compare({1, 1}).probability, 1, 1e-12);
}

TEST(PairedTest, OneHiccupIsOneRound) {
  std::vector<double> factors(25, 1.01);
  factors[7] = 0.5;
  EXPECT_LT(Compare(factors).probability, 1e-4);
  EXPECT_DOUBLE_EQ(Compare(factors).ratio, 1.01);
}

TEST(PairedTest, WithoutCommonRoundsTheMediansAreAllThereIs) {
  v1::Measurement a;
  a.set_median_seconds(3);
  v1::Measurement b;
  b.set_median_seconds(2);
  EXPECT_DOUBLE_EQ(ComparePaired(a, b).ratio, 1.5);
  EXPECT_DOUBLE_EQ(ComparePaired(a, b).probability, 1);
}

TEST(RelativeTimes, DriftCancels) {
  const v1::Measurement a = Of({1, 2, 3});
  const v1::Measurement b = Of({1.1, 2.2, 3.3});
  const v1::Measurement c = Of({0.9, 1.8, 2.7, 9});
  const std::vector<double> times = RelativeTimes({&a, &b, &c});
  ASSERT_EQ(times.size(), 3u);
  EXPECT_DOUBLE_EQ(times[0], 1);
  EXPECT_NEAR(times[1], 1.1, 1e-12);
  EXPECT_NEAR(times[2], 0.9, 1e-12);
}

// Equals are behind in 19 of 25 rounds, or more, in 0.73 % of the runs, heavy tails or not.
TEST(PairedTest, ProbabilitiesAreWhatTheySay) {
  constexpr int kRuns = 20000;
  std::mt19937 random(1);
  std::lognormal_distribution<double> launch(0, 0.01);
  std::uniform_real_distribution<double> uniform(0, 1);
  int below = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<double> factors;
    for (int i = 0; i < 25; ++i) {
      const double hiccup = uniform(random) < 0.1 ? 1.5 : 1;
      const double other = uniform(random) < 0.1 ? 1.5 : 1;
      factors.push_back(launch(random) * hiccup / (launch(random) * other));
    }
    below += Compare(factors).probability <= 0.0074;
  }
  EXPECT_NEAR(below, 0.0073 * kRuns, 37);  // Three standard deviations of such a count.
}

}  // namespace
}  // namespace tilewright
