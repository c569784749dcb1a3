#include "tuner/select/pick_winner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tuner/select/median_noise.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

double MedianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

v1::Measurement Summarize(const std::vector<double>& seconds) {
  v1::Measurement measurement;
  measurement.set_median_seconds(MedianOf(seconds));
  std::vector<double> deviations;
  for (const double value : seconds) {
    measurement.add_seconds(value);
    deviations.push_back(std::abs(value - measurement.median_seconds()));
  }
  measurement.set_spread_seconds(MedianOf(deviations));
  return measurement;
}

v1::Candidate Measured(const std::vector<double>& seconds) {
  v1::Candidate candidate;
  candidate.mutable_variant()->set_template_name("gemm_sm80");
  *candidate.mutable_measurement() = Summarize(seconds);
  return candidate;
}

v1::Candidate Steady(double seconds) { return Measured(std::vector<double>(25, seconds)); }

v1::Candidate Vendor(v1::Candidate candidate) {
  candidate.mutable_vendor()->set_heuristic_rank(0);
  return candidate;
}

v1::Candidate Failed(v1::FailureKind kind) {
  v1::Candidate candidate;
  candidate.mutable_variant();
  candidate.set_predicted_seconds(1e-9);
  candidate.mutable_failure()->set_kind(kind);
  return candidate;
}

v1::Candidate Predicted(double seconds) {
  v1::Candidate candidate;
  candidate.mutable_variant();
  candidate.set_predicted_seconds(seconds);
  return candidate;
}

// Launch times as they come: a normal core, and one launch in ten slowed by up to a half.
std::vector<double> NoisyLaunches(double seconds, double relative_noise, int count,
                                  std::mt19937& random) {
  std::normal_distribution<double> core(1, relative_noise);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<double> launches;
  for (int i = 0; i < count; ++i) {
    const double hiccup = uniform(random) < 0.1 ? 1 + 0.5 * uniform(random) : 1;
    launches.push_back(seconds * core(random) * hiccup);
  }
  return launches;
}

TEST(PickWinnerTest, NothingFromNothing) { EXPECT_FALSE(PickWinner({}).has_value()); }

TEST(PickWinnerTest, NothingWhereEveryCandidateFailed) {
  EXPECT_FALSE(PickWinner({Failed(v1::FAILURE_KIND_WRONG_RESULT), Failed(v1::FAILURE_KIND_DEFERRED),
                           Failed(v1::FAILURE_KIND_COMPILE_ERROR)})
                   .has_value());
}

TEST(PickWinnerTest, TheOnlyOneHasNoMargin) {
  const auto pick = PickWinner({Failed(v1::FAILURE_KIND_TIMEOUT), Steady(3e-5)});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->index, 1u);
  EXPECT_EQ(pick->margin, 0);
  EXPECT_EQ(pick->reason, "the only one measured, 30.00 us");
}

TEST(PickWinnerTest, TheFastestByItsMargin) {
  const auto pick = PickWinner({Steady(1.3e-4), Steady(1e-4), Steady(1.1e-4)});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->index, 1u);
  EXPECT_NEAR(pick->margin, 0.1, 1e-9);
  EXPECT_EQ(pick->reason, "fastest of 3 measured, 100.00 us, 10.0 % ahead of the next");
}

TEST(PickWinnerTest, MeasuredBeatsAnyPrediction) {
  const auto pick = PickWinner({Predicted(1e-9), Steady(1.0)});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->index, 1u);
}

TEST(PickWinnerTest, OnlyPredictionsGiveTheLowest) {
  const auto pick = PickWinner({Predicted(3e-5), Failed(v1::FAILURE_KIND_COMPILE_ERROR),
                                Predicted(2e-5), Predicted(2e-5), Predicted(0)});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->index, 2u);
  EXPECT_EQ(pick->margin, 0);
  EXPECT_THAT(pick->reason, HasSubstr("not measured"));
}

TEST(PickWinnerTest, EqualsGoToTheEarliest) {
  const auto pick = PickWinner({Steady(1.2e-4), Steady(1.003e-4), Steady(1e-4), Steady(1.001e-4)});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->index, 1u);
  // The runner-up is nominally faster, and the margin says so.
  EXPECT_NEAR(pick->margin, -0.003, 1e-4);
  EXPECT_THAT(pick->reason, HasSubstr("first in the stable order of 3 among 4 measured"));
}

TEST(PickWinnerTest, EqualsGoToATemplateBeforeAVendor) {
  const auto pick = PickWinner({Vendor(Steady(1e-4)), Steady(1.002e-4)});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->index, 1u);
}

TEST(PickWinnerTest, AFasterVendorWins) {
  const auto pick = PickWinner({Steady(1.1e-4), Vendor(Steady(1e-4))});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->index, 1u);
}

TEST(PickWinnerTest, LeavingEarlyLosesEvenWithALuckyMedian) {
  v1::Candidate dropped = Measured({0.9e-4, 0.9e-4, 0.9e-4});
  dropped.set_dropped_early(true);
  const auto pick = PickWinner({dropped, Steady(1e-4)});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->index, 1u);
}

TEST(PickWinnerTest, AllDroppedStillGivesOne) {
  v1::Candidate slow = Steady(2e-4);
  slow.set_dropped_early(true);
  v1::Candidate fast = Steady(1e-4);
  fast.set_dropped_early(true);
  const auto pick = PickWinner({slow, fast});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->index, 1u);
}

TEST(PickWinnerTest, MediansThatCannotBeAreNoMeasurements) {
  const double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const double median : {0.0, -1.0, kNan, std::numeric_limits<double>::infinity()}) {
    v1::Candidate broken = Steady(1e-5);
    broken.mutable_measurement()->set_median_seconds(median);
    const auto pick = PickWinner({broken, Steady(1e-4)});
    ASSERT_TRUE(pick.has_value());
    EXPECT_EQ(pick->index, 1u) << median;
    EXPECT_FALSE(PickWinner({broken}).has_value()) << median;
  }
}

TEST(PickWinnerTest, SpreadsThatCannotBeDoNotDecide) {
  for (const double spread :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    v1::Candidate broken = Steady(2e-4);
    broken.mutable_measurement()->set_spread_seconds(spread);
    const auto pick = PickWinner({broken, Steady(1e-4)});
    ASSERT_TRUE(pick.has_value());
    EXPECT_EQ(pick->index, 1u) << spread;
  }
}

// Without a ceiling on the noise, a worthless measurement would make everything equal.
TEST(PickWinnerTest, WildNoiseDoesNotMakeSlowOnesEqual) {
  v1::Candidate wild = Steady(1.3e-4);
  wild.mutable_measurement()->set_spread_seconds(1e-4);
  const auto pick = PickWinner({wild, Steady(1e-4)});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->index, 1u);
}

TEST(PickWinnerTest, FewSamplesBorrowTheUsualSpread) {
  std::mt19937 random(7);
  const v1::Candidate noisy = Measured(NoisyLaunches(1.05e-4, 0.02, 25, random));
  const v1::Candidate lone = Measured({1.02e-4});
  // A lone sample has no spread; of itself it would be exact and 1.02 beyond the floor.
  const auto pick = PickWinner({lone, Steady(1e-4), noisy});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->index, 0u);
}

// Ten equal candidates: whichever ranks first must nearly always be picked, run after run.
TEST(PickWinnerNoiseTest, EqualCandidatesGiveOneAnswer) {
  constexpr int kRuns = 1000;
  std::mt19937 random(1);
  int first = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<v1::Candidate> candidates;
    for (int i = 0; i < 10; ++i) {
      candidates.push_back(Measured(NoisyLaunches(1e-4, 0.01, 25, random)));
    }
    first += PickWinner(candidates)->index == 0;
  }
  EXPECT_GE(first, 0.95 * kRuns);
}

// A twentieth faster is told apart from nine others under one percent of noise.
TEST(PickWinnerNoiseTest, ARealDifferenceIsFound) {
  constexpr int kRuns = 1000;
  std::mt19937 random(2);
  int found = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<v1::Candidate> candidates;
    for (int i = 0; i < 10; ++i) {
      const double seconds = i == 6 ? 0.95e-4 : 1e-4;
      candidates.push_back(Measured(NoisyLaunches(seconds, 0.01, 25, random)));
    }
    found += PickWinner(candidates)->index == 6;
  }
  EXPECT_GE(found, 0.95 * kRuns);
}

// The stated noise is about three standard deviations of the difference of two medians.
TEST(MedianNoiseTest, CoversTheDifferenceOfEquals) {
  constexpr int kRuns = 2000;
  std::mt19937 random(3);
  int covered = 0;
  for (int run = 0; run < kRuns; ++run) {
    const v1::Measurement a = Summarize(NoisyLaunches(1e-4, 0.01, 25, random));
    const v1::Measurement b = Summarize(NoisyLaunches(1e-4, 0.01, 25, random));
    covered += std::abs(a.median_seconds() - b.median_seconds()) <= MedianNoise(a, b, 0);
  }
  EXPECT_GE(covered, 0.97 * kRuns);
  EXPECT_LT(covered, kRuns);
}

TEST(MedianNoiseTest, ShrinksWithSamplesDownToTheFloor) {
  std::mt19937 random(4);
  const v1::Measurement few = Summarize(NoisyLaunches(1e-4, 0.01, 25, random));
  const v1::Measurement many = Summarize(NoisyLaunches(1e-4, 0.01, 2500, random));
  EXPECT_LT(MedianNoise(many, many, 0), MedianNoise(few, few, 0));
  EXPECT_DOUBLE_EQ(MedianNoise(Summarize({1, 1, 1, 1, 1}), Summarize({1, 1, 1, 1, 1}), 0), 0.005);
}

}  // namespace
}  // namespace tilewright
