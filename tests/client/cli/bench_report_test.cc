#include "client/cli/output/bench_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/support/errors.h"

namespace tilewright::cli {
namespace {

using ::testing::HasSubstr;

void AddTemplate(double seconds, v1::ExplainWinnerResponse& response) {
  v1::Candidate& candidate = *response.add_candidates();
  candidate.mutable_variant()->set_template_name("gemm_sm80");
  candidate.mutable_measurement()->set_median_seconds(seconds);
  candidate.mutable_measurement()->add_seconds(seconds);
}

void AddVendor(int rank, double seconds, v1::ExplainWinnerResponse& response) {
  v1::Candidate& candidate = *response.add_candidates();
  candidate.mutable_vendor()->set_heuristic_rank(rank);
  candidate.mutable_measurement()->set_median_seconds(seconds);
}

v1::Problem Gemm() {
  v1::Problem problem;
  problem.mutable_gemm()->set_m(1000);
  problem.mutable_gemm()->set_n(1000);
  problem.mutable_gemm()->set_k(1000);
  return problem;
}

BenchRow Row(const std::string& name, double ours, double vendor_first, double vendor_second) {
  v1::ExplainWinnerResponse response;
  AddVendor(1, vendor_second, response);
  AddTemplate(ours * 2, response);
  AddTemplate(ours, response);
  AddVendor(0, vendor_first, response);
  response.add_candidates()->mutable_failure()->set_kind(v1::FAILURE_KIND_TIMEOUT);
  response.mutable_winner()->set_roofline_seconds(ours / 2);
  return MakeBenchRow(name, Gemm(), {}, response);
}

TEST(Bench, ComparesTheBestTemplateWithBothVendorFigures) {
  const BenchRow row = Row("a", 2e-5, 1.5e-5, 1e-5);
  EXPECT_DOUBLE_EQ(RatioToBest(row), 0.5);
  EXPECT_DOUBLE_EQ(RatioToFirst(row), 0.75);
}

TEST(Bench, ATemplateThatLeftTheRaceEarlyIsNotTheBest) {
  v1::ExplainWinnerResponse response;
  AddVendor(0, 1e-5, response);
  AddTemplate(1.9e-5, response);
  response.mutable_candidates(1)->set_dropped_early(true);
  AddTemplate(2e-5, response);
  AddTemplate(1.8e-5, response);
  response.mutable_candidates(3)->set_dropped_early(true);
  EXPECT_DOUBLE_EQ(RatioToBest(MakeBenchRow("a", Gemm(), {}, response)), 0.5);
}

// What moves data is judged by the bytes it needs: x and y, of 2 bytes.
TEST(Bench, FusedDropoutsAreReportedInBytesASecond) {
  v1::ExplainWinnerResponse response;
  AddTemplate(1e-5, response);
  v1::Problem problem;
  v1::FusedDropoutProblem& dropout = *problem.mutable_fused_dropout();
  dropout.set_rows(1000);
  dropout.set_columns(1000);
  dropout.set_type(v1::DATA_TYPE_BF16);
  dropout.set_operation(v1::DROPOUT_OPERATION_DROPOUT);
  *response.mutable_winner()->mutable_problem() = problem;
  response.mutable_winner()->set_roofline_seconds(8e-6);
  const BenchRow row = MakeBenchRow("a", problem, {}, response);
  const Json json = BenchRowToJson(row);
  EXPECT_DOUBLE_EQ(json["templates"]["gigabytes_per_second"], 4e6 / 1e-5 / 1e9);
  EXPECT_DOUBLE_EQ(json["templates"]["roofline_share"], 0.8);
  const std::string text = RenderBench({row}, Style());
  EXPECT_THAT(text, HasSubstr("GB/S"));
  EXPECT_THAT(text, HasSubstr("400"));
  EXPECT_THAT(text, testing::Not(HasSubstr("LT BEST")));
}

TEST(Bench, TemplatesAreReportedAloneWhereTheVendorWon) {
  BenchRow row = Row("a", 2e-5, 1e-5, 1e-5);
  *row.explanation.mutable_winner()->mutable_candidate() = *row.vendor_best;
  const Json json = BenchRowToJson(row);
  EXPECT_EQ(json["winner"], "cublasLt #1");
  EXPECT_EQ(json["templates"]["candidate"], "gemm_sm80");
  EXPECT_DOUBLE_EQ(json["templates"]["tflops"], 2e9 / 2e-5 / 1e12);
  EXPECT_EQ(json["templates"]["samples"].size(), 1u);
  EXPECT_DOUBLE_EQ(json["templates"]["roofline_share"], 0.5);
}

TEST(Bench, WithoutAVendorThereIsNoRatio) {
  v1::ExplainWinnerResponse response;
  AddTemplate(1e-5, response);
  const BenchRow row = MakeBenchRow("a", Gemm(), {}, response);
  EXPECT_TRUE(BenchRowToJson(row)["ratio_to_best"].is_null());
  EXPECT_TRUE(BenchRowToJson(row)["cublaslt_first"].is_null());
}

TEST(Bench, MeansAreGeometricOverWhatWasMeasured) {
  EXPECT_DOUBLE_EQ(GeometricMean({0.5, 2, 0}), 1);
  EXPECT_EQ(GeometricMean({0, 0}), 0);
  EXPECT_EQ(GeometricMean({}), 0);
}

TEST(Bench, FailuresAreRowsOfTheirOwn) {
  BenchRow failed;
  failed.name = "bad";
  failed.problem = Gemm();
  failed.status = InvalidField("gemm.m", "OUT_OF_RANGE", "was 0");
  const std::vector<BenchRow> rows{Row("good", 1e-5, 2e-5, 2e-5), failed};
  const std::string text = RenderBench(rows, Style());
  EXPECT_THAT(text, HasSubstr("FAILED  bad: gemm.m: was 0 [OUT_OF_RANGE]"));
  EXPECT_THAT(text, HasSubstr("geometric mean: 2.00x of the best"));
  EXPECT_EQ(BenchRowToJson(failed)["error"]["reason"], "OUT_OF_RANGE");
  EXPECT_EQ(BenchSummaryToJson(rows)["failed"], 1);
  EXPECT_DOUBLE_EQ(BenchSummaryToJson(rows)["geomean_ratio_to_best"], 2);
}

TEST(Bench, PredictionsAreMarkedAndHaveNoRatio) {
  v1::ExplainWinnerResponse response;
  response.mutable_winner()->set_provenance(v1::PROVENANCE_PREDICTED);
  *response.mutable_winner()->mutable_problem() = Gemm();
  response.mutable_winner()->mutable_candidate()->set_predicted_seconds(1e-5);
  const std::vector<BenchRow> rows{MakeBenchRow("p", Gemm(), {}, response)};
  EXPECT_THAT(RenderBench(rows, Style()), HasSubstr("~10.00 us"));
  EXPECT_THAT(RenderBench(rows, Style()), HasSubstr("PREDICTED: compiled and ranked"));
  EXPECT_TRUE(BenchRowToJson(rows[0])["templates"].is_null());
  EXPECT_TRUE(BenchSummaryToJson(rows)["geomean_ratio_to_best"].is_null());
}

}  // namespace
}  // namespace tilewright::cli
