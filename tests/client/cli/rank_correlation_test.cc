#include "client/cli/output/rank_correlation.h"

#include <cmath>
#include <utility>

#include "gtest/gtest.h"

namespace tilewright::cli {
namespace {

TEST(RankCorrelationTest, OrdersThatAgreeAndOrdersThatDoNot) {
  EXPECT_DOUBLE_EQ(*RankCorrelation({1, 2, 3, 4}, {10, 20, 40, 80}), 1);
  EXPECT_DOUBLE_EQ(*RankCorrelation({1, 2, 3, 4}, {9, 7, 5, 1}), -1);
  // 1 - 6 * sum d^2 / (n (n^2 - 1)), with d = 0, 1, 1, 0.
  EXPECT_DOUBLE_EQ(*RankCorrelation({1, 2, 3, 4}, {1, 3, 2, 4}), 0.8);
}

TEST(RankCorrelationTest, TiesShareTheirRank) {
  // Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3: covariance 4.5, variances 4.5 and 5.
  EXPECT_NEAR(*RankCorrelation({1, 2, 2, 3}, {1, 2, 3, 4}), 4.5 / std::sqrt(22.5), 1e-12);
}

TEST(RankCorrelationTest, TooLittleHasNone) {
  EXPECT_FALSE(RankCorrelation({1, 2}, {1, 2}).has_value());
  EXPECT_FALSE(RankCorrelation({1, 1, 1}, {1, 2, 3}).has_value());
}

TEST(RankCorrelationTest, OfAModelCountsMeasuredTemplatesAlone) {
  google::protobuf::RepeatedPtrField<v1::Candidate> candidates;
  for (const auto& [predicted, measured] : {std::pair{1.0, 2.0}, {2.0, 3.0}, {3.0, 5.0}}) {
    v1::Candidate& candidate = *candidates.Add();
    candidate.mutable_variant();
    candidate.set_predicted_seconds(predicted);
    candidate.mutable_measurement()->set_median_seconds(measured);
  }
  v1::Candidate& vendor = *candidates.Add();
  vendor.mutable_vendor();
  vendor.mutable_measurement()->set_median_seconds(1e-9);
  candidates.Add()->mutable_variant();  // Not measured.
  EXPECT_DOUBLE_EQ(*ModelRankCorrelation(candidates), 1);
}

}  // namespace
}  // namespace tilewright::cli
