#include "client/cli/output/format.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "client/cli/output/json.h"
#include "client/cli/output/report.h"
#include "proto/support/counted.h"
#include "proto/support/errors.h"
#include "tilewright/v1/tuning_service.pb.h"

namespace tilewright::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

const Style kPlain;
const Style kFancy{true, true, true, 80};

TEST(Format, OneIsCountedAsOne) {
  EXPECT_EQ(Counted(0, "winner"), "0 winners");
  EXPECT_EQ(Counted(1, "winner"), "1 winner");
  EXPECT_EQ(Counted(2, "kernel"), "2 kernels");
}

TEST(Format, SecondsHaveFourFigures) {
  EXPECT_EQ(FormatSeconds(95.12e-6, kPlain), "95.12 us");
  EXPECT_EQ(FormatSeconds(95.12e-6, kFancy), "95.12 µs");
  EXPECT_EQ(FormatSeconds(1.2345e-6, kPlain), "1.234 us");
  EXPECT_EQ(FormatSeconds(250.4e-6, kPlain), "250.4 us");
  EXPECT_EQ(FormatSeconds(1.5e-3, kPlain), "1.500 ms");
  EXPECT_EQ(FormatSeconds(2, kPlain), "2.000 s");
  EXPECT_EQ(FormatSeconds(0, kPlain), "-");
}

TEST(Format, WaitsBytesSharesAndRatios) {
  EXPECT_EQ(FormatWait(4.4), "4 s");
  EXPECT_EQ(FormatWait(80), "1 min 20 s");
  EXPECT_EQ(FormatWait(7260), "2 h 1 min");
  EXPECT_EQ(FormatBytes(512), "512 B");
  EXPECT_EQ(FormatBytes(1.5 * 1024 * 1024), "1.5 MiB");
  EXPECT_EQ(FormatShare(1, 2), "50.0%");
  EXPECT_EQ(FormatShare(1, 0), "-");
  EXPECT_EQ(FormatRatio(97, 100), "0.97x");
  EXPECT_EQ(FormatTeraflops(2e12, 2), "1.000");
  EXPECT_EQ(FormatTeraflops(0, 2), "-");
}

TEST(Format, VariantsAreAsTheServiceDescribesThem) {
  v1::Variant variant = Parse<v1::Variant>(R"(
    template_name: "gemm_sm80" config {
      parameters { name: "stages" value: 4 } parameters { name: "tile_m" value: 128 } }
    summary: "gemm_sm80 tile=128\x1b[31m stages=4")");
  EXPECT_EQ(DescribeVariant(variant), "gemm_sm80 tile=128\\x1b[31m stages=4");
  variant.clear_summary();  // As of an older service.
  EXPECT_EQ(DescribeVariant(variant), "gemm_sm80 stages=4 tile_m=128");
}

TEST(Format, ErrorsAreOneLine) {
  EXPECT_EQ(FormatError(InvalidField("gemm.m", "OUT_OF_RANGE", "must be at least 1, was 0")),
            "gemm.m: must be at least 1, was 0 [OUT_OF_RANGE]");
  EXPECT_EQ(FormatError(absl::InternalError("one\ntwo\n")), "one; two [INTERNAL]");
  EXPECT_EQ(FormatError(absl::UnknownError("")), "no reason was given [UNKNOWN]");
}

TEST(TableTest, AlignsByWhatIsSeen) {
  Table table({"NAME", "TIME"}, {false, true});
  table.Add({"a", "1 µs"});
  table.Add({"long", "\x1b[31m10 µs\x1b[0m"});
  EXPECT_EQ(table.Render(kPlain),
            "NAME   TIME\n"
            "a      1 µs\n"
            "long  \x1b[31m10 µs\x1b[0m\n");
}

TEST(StyleTest, ColoursOnlyWhereTheyShow) {
  EXPECT_EQ(kPlain.Paint(Colour::kRed, "x"), "x");
  EXPECT_EQ(kFancy.Paint(Colour::kRed, "x"), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(DisplayWidth("\x1b[31mµs\x1b[0m"), 2);
}

v1::Winner MeasuredWinner() {
  return Parse<v1::Winner>(R"(
    problem { gemm { m: 1000 n: 1000 k: 1000 b_layout: OPERAND_LAYOUT_TRANSPOSED } }
    candidate { variant { template_name: "gemm_sm80" } predicted_seconds: 9e-6
                measurement { median_seconds: 1e-5 } }
    provenance: PROVENANCE_MEASURED vendor_best_seconds: 9e-6 roofline_seconds: 5e-6)");
}

v1::Winner PredictedWinner() {
  return Parse<v1::Winner>(R"(
    problem { gemm { m: 1000 n: 1000 k: 1000 } }
    candidate { variant { template_name: "gemm_sm80" } predicted_seconds: 2.5e-5 }
    provenance: PROVENANCE_PREDICTED roofline_seconds: 5e-6)");
}

TEST(Report, MeasuredResultsHaveNoMarks) {
  const std::string text = RenderResults({ResultOf(MeasuredWinner())}, kPlain);
  EXPECT_EQ(text,
            "PROBLEM                            MEASURED  TFLOP/S  ROOFLINE  CUBLASLT  MATCH  "
            "PROVENANCE  KERNEL\n"
            "gemm nt bf16 m=1000 n=1000 k=1000  10.00 us    200.0     50.0%     0.90x  EXACT  "
            "MEASURED    gemm_sm80\n");
}

TEST(Report, PredictedResultsAreNeverInTheMeasuredColumn) {
  const std::string text =
      RenderResults({ResultOf(MeasuredWinner()), ResultOf(PredictedWinner())}, kPlain);
  EXPECT_THAT(text, HasSubstr("        -  ~25.00 us   ~80.00    ~20.0%         -  PREDICTED  "
                              "PREDICTED"));
  EXPECT_THAT(text, HasSubstr("PREDICTED: compiled and ranked by the cost model, never run"));
}

TEST(Report, APredictedMeasurementIsNotBelieved) {
  v1::Winner winner = PredictedWinner();
  winner.mutable_candidate()->mutable_measurement()->set_median_seconds(1);
  EXPECT_EQ(ResultOf(winner).measured, 0);
}

// An import of a winner that was only ever ranked was listed as an exact, measured one.
TEST(Report, ImportsThatWereNeverRunAreMarkedPredicted) {
  v1::Winner winner = PredictedWinner();
  winner.set_provenance(v1::PROVENANCE_IMPORTED);
  const std::string text = RenderResults({ResultOf(winner)}, kPlain);
  EXPECT_THAT(text, HasSubstr("PREDICTED  IMPORTED"));
  EXPECT_THAT(text, HasSubstr("PREDICTED: compiled and ranked"));
}

TEST(Report, JsonHasNumbersOrNull) {
  const Json measured = ResultToJson(ResultOf(MeasuredWinner()));
  EXPECT_DOUBLE_EQ(measured["measured_seconds"], 1e-5);
  EXPECT_DOUBLE_EQ(measured["cublaslt_ratio"], 0.9);
  EXPECT_EQ(measured["provenance"], "measured");
  const Json predicted = ResultToJson(ResultOf(PredictedWinner()));
  EXPECT_TRUE(predicted["measured_seconds"].is_null());
  EXPECT_TRUE(predicted["tflops"].is_null());
  EXPECT_DOUBLE_EQ(predicted["estimated_seconds"], 2.5e-5);
  EXPECT_EQ(predicted["match"], "predicted");
}

TEST(JsonTest, ConvertsEveryKindOfField) {
  const Json json = ToJson(Parse<v1::Tuning>(R"(
    name: "tunings/1" problem { gemm { m: 5000000000 a_type: DATA_TYPE_BF16 } }
    state: WORK_STATE_SUCCEEDED progress { fraction: 0.5 }
    winner { candidate { content_hash: "\x01\xff" measurement { seconds: 1 seconds: 2
             throttle_reasons: 18446744073709551615 } } }
    create_time { seconds: 0 })"));
  EXPECT_EQ(json["problem"]["gemm"]["m"], 5000000000);
  EXPECT_EQ(json["problem"]["gemm"]["a_type"], "bf16");
  EXPECT_EQ(json["problem"]["gemm"]["b_type"], "unspecified");
  EXPECT_EQ(json["state"], "succeeded");
  EXPECT_EQ(json["winner"]["candidate"]["content_hash"], "01ff");
  EXPECT_EQ(json["winner"]["candidate"]["measurement"]["seconds"], Json({1.0, 2.0}));
  EXPECT_EQ(json["winner"]["candidate"]["measurement"]["throttle_reasons"], 18446744073709551615u);
  EXPECT_EQ(json["create_time"], "1970-01-01T00:00:00Z");
  EXPECT_FALSE(json.contains("end_time"));
  EXPECT_FALSE(json["problem"].contains("fused_dropout"));
}

TEST(JsonTest, SaysTheSizeOfNativeCode) {
  v1::Kernel kernel;
  kernel.set_cubin(std::string(5000, 'x'));
  EXPECT_EQ(ToJson(kernel)["cubin"]["bytes"], 5000);
}

TEST(JsonTest, ErrorsHaveCodeReasonAndField) {
  const Json json = ErrorToJson(InvalidField("gemm.m", "OUT_OF_RANGE", "was 0"));
  EXPECT_EQ(json["error"]["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(json["error"]["reason"], "OUT_OF_RANGE");
  EXPECT_EQ(json["error"]["field"], "gemm.m");
}

}  // namespace
}  // namespace tilewright::cli
