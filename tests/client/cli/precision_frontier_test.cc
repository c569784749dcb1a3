#include "client/cli/output/precision_frontier.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tilewright::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class PrecisionFrontierTest : public testing::Test {
 protected:
  v1::Candidate& Add(v1::Precision precision) {
    v1::Candidate& candidate = *candidates_.Add();
    candidate.mutable_variant()->set_template_name("gemm_sm90");
    candidate.set_precision(precision);
    return candidate;
  }
  void Measured(v1::Precision precision, double seconds, double error) {
    v1::Measurement& measurement = *Add(precision).mutable_measurement();
    measurement.set_median_seconds(seconds);
    measurement.set_relative_error(error);
  }
  void OverBudget(v1::Precision precision, double seconds, double error) {
    v1::Candidate& candidate = Add(precision);
    candidate.mutable_failure()->set_kind(v1::FAILURE_KIND_OVER_ERROR_BUDGET);
    candidate.set_checked_seconds(seconds);
    candidate.set_relative_error(error);
  }

  google::protobuf::RepeatedPtrField<v1::Candidate> candidates_;
};

TEST_F(PrecisionFrontierTest, IsTheFastestOfEachPrecisionTheMostExactFirst) {
  Measured(v1::PRECISION_TF32, 4e-4, 7e-4);
  Measured(v1::PRECISION_FP32, 4e-3, 1e-6);
  Measured(v1::PRECISION_FP32, 3e-3, 1.1e-6);
  const auto points = PrecisionFrontier(candidates_, 1e-2);
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].precision, v1::PRECISION_FP32);
  EXPECT_EQ(points[0].seconds, 3e-3);
  EXPECT_EQ(points[0].relative_error, 1.1e-6);
  EXPECT_EQ(points[1].precision, v1::PRECISION_TF32);
  for (const PrecisionPoint& point : points) {
    EXPECT_TRUE(point.is_measured && point.within_budget && point.on_frontier);
  }
}

// Three promoted products are faster and more exact than CUDA cores.
TEST_F(PrecisionFrontierTest, WhatIsSlowerAndLessExactIsNotOnIt) {
  Measured(v1::PRECISION_FP32, 4e-3, 1e-6);
  Measured(v1::PRECISION_TF32X3_PROMOTED, 1.2e-3, 5e-7);
  OverBudget(v1::PRECISION_TF32, 4e-4, 7e-4);
  const auto points = PrecisionFrontier(candidates_, 1e-5);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_FALSE(points[0].on_frontier);
  EXPECT_TRUE(points[1].on_frontier);
  EXPECT_TRUE(points[2].on_frontier);
  EXPECT_FALSE(points[2].is_measured);
  EXPECT_FALSE(points[2].within_budget);
}

TEST_F(PrecisionFrontierTest, EqualsShareTheFrontier) {
  Measured(v1::PRECISION_FP32, 1e-3, 1e-6);
  Measured(v1::PRECISION_TF32, 1e-3, 1e-6);
  for (const PrecisionPoint& point : PrecisionFrontier(candidates_, 0)) {
    EXPECT_TRUE(point.on_frontier && point.within_budget);
  }
}

// A precision of which some candidates keep the budget is one that does.
TEST_F(PrecisionFrontierTest, AMeasurementTellsMoreThanACheck) {
  OverBudget(v1::PRECISION_TF32X3, 1e-4, 2e-5);
  Measured(v1::PRECISION_TF32X3, 1e-3, 5e-6);
  const auto points = PrecisionFrontier(candidates_, 1e-5);
  ASSERT_EQ(points.size(), 1u);
  EXPECT_TRUE(points[0].is_measured);
  EXPECT_EQ(points[0].seconds, 1e-3);
}

TEST_F(PrecisionFrontierTest, WhatDidNotRunOrWasWrongIsLeftOut) {
  Add(v1::PRECISION_FP32);
  Add(v1::PRECISION_TF32).mutable_failure()->set_kind(v1::FAILURE_KIND_WRONG_RESULT);
  Measured(v1::PRECISION_UNSPECIFIED, 1e-3, 1e-6);  // Stored by an older version.
  EXPECT_TRUE(PrecisionFrontier(candidates_, 1e-5).empty());
}

TEST_F(PrecisionFrontierTest, IsATableAndJson) {
  Measured(v1::PRECISION_TF32X3_PROMOTED, 1e-3, 5e-7);
  OverBudget(v1::PRECISION_TF32, 5e-4, 7e-4);
  const auto points = PrecisionFrontier(candidates_, 1e-5);
  const double operations = 1e11;
  const std::string text = RenderFrontier(points, operations, Style());
  EXPECT_THAT(text, HasSubstr("tf32x3_promoted"));
  EXPECT_THAT(text, HasSubstr("5.0e-07"));
  EXPECT_THAT(text, HasSubstr("one cold launch"));
  const Json json = FrontierToJson(points, operations);
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["precision"], "tf32x3_promoted");
  EXPECT_DOUBLE_EQ(json[0]["tflops"], 100);
  EXPECT_EQ(json[0]["within_budget"], true);
  EXPECT_EQ(json[1]["measured"], false);
  EXPECT_EQ(json[1]["on_frontier"], true);
  EXPECT_THAT(RenderFrontier({points[0]}, operations, Style()), Not(HasSubstr("cold launch")));
}

}  // namespace
}  // namespace tilewright::cli
