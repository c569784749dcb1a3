#include "tuner/select/pick_winner.h"

#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/tuner/select/launch_samples.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

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
  EXPECT_EQ(pick->reason, "30.00 us; no other candidate was measured");
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
  const auto pick = PickWinner({Steady(1.2e-4), Steady(1.0015e-4), Steady(1e-4), Steady(1.001e-4)});
  ASSERT_TRUE(pick.has_value());
  EXPECT_EQ(pick->index, 1u);
  // The runner-up is nominally faster, and the margin says so.
  EXPECT_NEAR(pick->margin, -0.0015, 1e-4);
  EXPECT_THAT(pick->reason, HasSubstr("3 of 4 measured candidates tie within the noise"));
}

TEST(PickWinnerTest, EqualsGoToATemplateBeforeAVendor) {
  const auto pick = PickWinner({Vendor(Steady(1e-4)), Steady(1.0015e-4)});
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

TEST(PickWinnerTest, FewSamplesAreEqualUpToTheCeiling) {
  EXPECT_EQ(PickWinner({Measured({1.008e-4}), Measured({1e-4})})->index, 0u);
  EXPECT_EQ(PickWinner({Measured({1.02e-4}), Measured({1e-4})})->index, 1u);
}

}  // namespace
}  // namespace tilewright
