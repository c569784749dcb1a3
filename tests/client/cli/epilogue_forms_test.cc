#include "client/cli/output/epilogue_forms.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tilewright::cli {
namespace {

using testing::HasSubstr;

class EpilogueFormsTest : public testing::Test {
 protected:
  v1::Candidate& Add(bool is_split) {
    v1::Candidate& candidate = *candidates_.Add();
    candidate.mutable_variant()->set_template_name("gemm_sm90");
    candidate.set_splits_epilogue(is_split);
    return candidate;
  }
  void Measured(bool is_split, double seconds) {
    Add(is_split).mutable_measurement()->set_median_seconds(seconds);
  }

  google::protobuf::RepeatedPtrField<v1::Candidate> candidates_;
};

TEST_F(EpilogueFormsTest, IsTheFastestOfEach) {
  Measured(false, 3e-4);
  Measured(true, 5e-4);
  Measured(false, 2e-4);
  Measured(true, 4e-4);
  const auto forms = FastestForms(candidates_);
  ASSERT_TRUE(forms.has_value());
  EXPECT_EQ(forms->fused.measurement().median_seconds(), 2e-4);
  EXPECT_EQ(forms->split.measurement().median_seconds(), 4e-4);
  EXPECT_EQ(FormsToJson(forms)["split_over_fused"], 2.0);
  EXPECT_EQ(FormsToJson(forms)["measured"], true);
  EXPECT_THAT(RenderForms(*forms, Style()),
              HasSubstr("split from the GEMM takes 2.00 times as long as fused with it"));
}

TEST_F(EpilogueFormsTest, SaysSoWhereSplitIsFaster) {
  Measured(false, 3e-4);
  Measured(true, 2e-4);
  EXPECT_THAT(RenderForms(*FastestForms(candidates_), Style()),
              HasSubstr("fused with the GEMM takes 1.50 times as long as split from it"));
}

// A large product heats the GPU until it clocks down: who left the race before is not the faster.
TEST_F(EpilogueFormsTest, AreComparedRoundByRound) {
  const auto ran = [&](bool is_split, std::vector<double> seconds, double median) {
    v1::Measurement& measurement = *Add(is_split).mutable_measurement();
    measurement.set_median_seconds(median);
    measurement.mutable_seconds()->Assign(seconds.begin(), seconds.end());
  };
  ran(false, {1.50, 1.53, 1.69}, 1.53);
  ran(false, {1.45, 1.52, 1.65, 1.67, 1.68, 1.68, 1.67}, 1.67);
  ran(true, {1.57, 1.61, 1.75}, 1.61);
  const auto forms = FastestForms(candidates_);
  ASSERT_TRUE(forms.has_value());
  EXPECT_EQ(forms->fused.measurement().median_seconds(), 1.67);
  EXPECT_NEAR(FormsToJson(forms)["split_over_fused"].get<double>(), 1.75 / 1.65, 1e-9);
}

TEST_F(EpilogueFormsTest, AreMarkedAsEstimatesWhereNothingWasMeasured) {
  Add(false).set_predicted_seconds(2e-4);
  v1::Candidate& failed = Add(true);
  failed.set_predicted_seconds(2.2e-4);
  failed.mutable_failure()->set_kind(v1::FAILURE_KIND_RESOURCE_LIMIT);
  EXPECT_FALSE(FastestForms(candidates_).has_value());
  Add(true).set_predicted_seconds(2.5e-4);
  const auto forms = FastestForms(candidates_);
  ASSERT_TRUE(forms.has_value());
  const std::string text = RenderForms(*forms, Style());
  EXPECT_THAT(text, HasSubstr("~200.0 us"));
  EXPECT_THAT(text, HasSubstr("takes ~1.25 times as long as fused with it, by the cost model"));
  const Json json = FormsToJson(forms);
  EXPECT_EQ(json["measured"], false);
  EXPECT_EQ(json["split"]["seconds"], 2.5e-4);
  EXPECT_FALSE(json["split"].contains("relative_error"));
  // An estimate is never set beside a measurement.
  Measured(false, 3e-4);
  EXPECT_FALSE(FastestForms(candidates_).has_value());
}

TEST_F(EpilogueFormsTest, AreNothingUnlessBothWereMeasured) {
  Measured(false, 3e-4);
  EXPECT_FALSE(FastestForms(candidates_).has_value());
  Add(true).mutable_failure()->set_kind(v1::FAILURE_KIND_WRONG_RESULT);
  EXPECT_FALSE(FastestForms(candidates_).has_value());
  EXPECT_TRUE(FormsToJson(FastestForms(candidates_)).is_null());
  // A vendor's algorithm has no epilogue to split.
  v1::Candidate& vendor = *candidates_.Add();
  vendor.mutable_vendor();
  vendor.mutable_measurement()->set_median_seconds(1e-4);
  EXPECT_FALSE(FastestForms(candidates_).has_value());
}

}  // namespace
}  // namespace tilewright::cli
