#include "client/cli/problems/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/problems/enum_names.h"
#include "client/cli/problems/gemm_flags.h"
#include "client/cli/problems/problem_text.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright::cli {
namespace {

std::string Describe(const v1::GemmProblem& gemm) {
  v1::Problem problem;
  *problem.mutable_gemm() = gemm;
  return DescribeProblem(problem);
}

absl::StatusOr<v1::GemmProblem> ParseGemm(const ProblemFields& fields) {
  ASSIGN_OR_RETURN(const v1::Problem problem, GemmKind().Parse(fields));
  return problem.gemm();
}

using ::testing::HasSubstr;

TEST(ParseInteger, TakesPlainIntegersOnly) {
  EXPECT_EQ(*ParseInteger("m", "8192"), 8192);
  EXPECT_EQ(*ParseInteger("m", "-3"), -3);
  for (const char* text : {"8k", "1e3", "", " 8", "8 ", "0x10", "8.0", "1_000", "+5", "--5"}) {
    EXPECT_EQ(ReasonOf(ParseInteger("m", text).status()), "INVALID_INTEGER") << text;
  }
  EXPECT_EQ(ReasonOf(ParseInteger("m", "99999999999999999999").status()), "OUT_OF_RANGE");
}

TEST(ParseInteger, SaysWhatWasGivenAndWhatIsTaken) {
  EXPECT_EQ(ParseInteger("gemm.m", "8k").status().message(),
            "gemm.m: must be a plain integer such as 8192 (no 8k, no 1e3), was '8k'");
}

TEST(ParseNumber, TakesFiniteNumbersOnly) {
  EXPECT_DOUBLE_EQ(*ParseNumber("p", "0.25"), 0.25);
  EXPECT_DOUBLE_EQ(*ParseNumber("p", "1e-3"), 1e-3);
  for (const char* text : {"", "x", "nan", "inf", "0.1.2"}) {
    EXPECT_EQ(ReasonOf(ParseNumber("p", text).status()), "INVALID_NUMBER") << text;
  }
}

TEST(ParseDuration, KnowsItsUnits) {
  EXPECT_EQ(ParseDuration("t", "90")->count(), 90'000);
  EXPECT_EQ(ParseDuration("t", "1.5s")->count(), 1500);
  EXPECT_EQ(ParseDuration("t", "250ms")->count(), 250);
  EXPECT_EQ(ParseDuration("t", "2m")->count(), 120'000);
  EXPECT_EQ(ParseDuration("t", "1h")->count(), 3'600'000);
  for (const char* text : {"", "s", "2d", "1 s"}) {
    EXPECT_EQ(ReasonOf(ParseDuration("t", text).status()), "INVALID_DURATION") << text;
  }
  for (const char* text : {"0", "-1s", "9999h"}) {
    EXPECT_EQ(ReasonOf(ParseDuration("t", text).status()), "OUT_OF_RANGE") << text;
  }
}

TEST(EnumNames, AreShortAndCaseIsFree) {
  EXPECT_EQ(NameOf(v1::DATA_TYPE_BF16), "bf16");
  EXPECT_EQ(NameOf(static_cast<v1::DataType>(99)), "unknown");
  EXPECT_EQ(UpperNameOf(v1::ACTIVATION_GELU_TANH), "GELU_TANH");
  EXPECT_EQ(*ParseName<v1::DataType>("t", "BF16"), v1::DATA_TYPE_BF16);
  EXPECT_EQ(*ParseName<v1::BiasMode>("b", "per-column"), v1::BIAS_MODE_PER_COLUMN);
}

TEST(EnumNames, AnUnknownNameListsThoseThereAre) {
  const absl::Status status = ParseName<v1::Activation>("gemm.activation", "gelu").status();
  EXPECT_EQ(status.message(),
            "gemm.activation: must be one of none, relu, gelu_tanh, gelu_erf, silu, was 'gelu'");
  EXPECT_EQ(ReasonOf(ParseName<v1::DataType>("t", "unspecified").status()), "UNKNOWN_NAME");
}

TEST(Layout, IsTwoLetters) {
  v1::GemmProblem problem;
  ASSERT_TRUE(ParseLayout("Tn", problem).ok());
  EXPECT_EQ(problem.a_layout(), v1::OPERAND_LAYOUT_TRANSPOSED);
  EXPECT_EQ(problem.b_layout(), v1::OPERAND_LAYOUT_NORMAL);
  for (const char* text : {"", "n", "nx", "ntt"}) {
    EXPECT_THAT(std::string(ParseLayout(text, problem).message()), HasSubstr("nn, nt, tn, tt"));
  }
}

TEST(GemmFlags, FillTheProblem) {
  const auto problem = ParseGemm({{"m", "64"},
                                  {"n", "32"},
                                  {"k", "16"},
                                  {"batch", "2"},
                                  {"layout", "nn"},
                                  {"a_type", "fp16"},
                                  {"d_type", "fp32"},
                                  {"lda", "24"},
                                  {"bias", "per_column"},
                                  {"activation", "silu"},
                                  {"dropout", "0.1"},
                                  {"amax", "true"},
                                  {"determinism", "not_required"},
                                  {"error_budget", "0.01"}});
  ASSERT_TRUE(problem.ok()) << problem.status();
  EXPECT_EQ(problem->m(), 64);
  EXPECT_EQ(problem->batch(), 2);
  EXPECT_EQ(problem->b_layout(), v1::OPERAND_LAYOUT_NORMAL);
  EXPECT_EQ(problem->a_type(), v1::DATA_TYPE_FP16);
  EXPECT_EQ(problem->d_type(), v1::DATA_TYPE_FP32);
  EXPECT_EQ(problem->lda(), 24);
  EXPECT_EQ(problem->epilogue().bias_mode(), v1::BIAS_MODE_PER_COLUMN);
  EXPECT_EQ(problem->epilogue().activation(), v1::ACTIVATION_SILU);
  EXPECT_DOUBLE_EQ(problem->epilogue().dropout().probability(), 0.1);
  EXPECT_TRUE(problem->epilogue().amax());
  EXPECT_EQ(problem->numerics().determinism(), v1::DETERMINISM_MODE_NOT_REQUIRED);
  EXPECT_EQ(Describe(*problem),
            "gemm nn fp16->fp32 m=64 n=32 k=16 batch=2 lda=24 bias silu dropout=0.1 amax "
            "nondeterministic error<=0.01");
}

TEST(GemmFlags, BatchesMayShareAMatrix) {
  const auto problem = ParseGemm({{"m", "64"},
                                  {"n", "32"},
                                  {"k", "16"},
                                  {"batch", "2"},
                                  {"a_batch_stride", "broadcast"},
                                  {"b_batch_stride", "-1"},
                                  {"c_batch_stride", "4096"}});
  ASSERT_TRUE(problem.ok()) << problem.status();
  EXPECT_EQ(problem->a_batch_stride(), -1);
  EXPECT_EQ(problem->b_batch_stride(), -1);
  EXPECT_EQ(problem->c_batch_stride(), 4096);
  EXPECT_EQ(Describe(*problem),
            "gemm nt bf16 m=64 n=32 k=16 batch=2 stride_a=broadcast stride_b=broadcast");
  EXPECT_EQ(ReasonOf(ParseGemm({{"d_batch_stride", "broadcast"}}).status()), "INVALID_INTEGER");
}

TEST(GemmFlags, DropoutAndGradients) {
  const auto problem = ParseGemm({{"m", "64"},
                                  {"n", "32"},
                                  {"k", "16"},
                                  {"activation", "silu"},
                                  {"aux_type", "e5m2"},
                                  {"dropout", "0.25"},
                                  {"philox_rounds", "10"},
                                  {"store_mask", "true"},
                                  {"gradient", "true"},
                                  {"bias_gradient", "true"},
                                  {"device_scalars", "true"}});
  ASSERT_TRUE(problem.ok()) << problem.status();
  EXPECT_EQ(problem->epilogue().dropout().philox_rounds(), 10);
  EXPECT_TRUE(problem->epilogue().dropout().store_mask());
  EXPECT_TRUE(problem->epilogue().gradient());
  EXPECT_TRUE(problem->epilogue().bias_gradient());
  EXPECT_EQ(Describe(*problem),
            "gemm nt bf16 m=64 n=32 k=16 silu aux(e5m2) dropout=0.25 rounds=10 mask gradient "
            "bias_gradient device_scalars");
  const auto absurd = ParseGemm({{"philox_rounds", "4294967303"}});
  ASSERT_TRUE(absurd.ok());
  EXPECT_EQ(absurd->epilogue().dropout().philox_rounds(), -1);
}

TEST(GemmFlags, ScalesOfOperandsAndOutput) {
  const auto problem = ParseGemm({{"m", "64"},
                                  {"n", "32"},
                                  {"k", "16"},
                                  {"a_type", "e4m3"},
                                  {"scaling", "per_row_column"},
                                  {"scale_d", "true"},
                                  {"amax", "true"}});
  ASSERT_TRUE(problem.ok()) << problem.status();
  EXPECT_EQ(problem->scaling_mode(), v1::SCALING_MODE_PER_ROW_COLUMN);
  EXPECT_TRUE(problem->epilogue().scale_d());
  EXPECT_EQ(Describe(*problem), "gemm nt e4m3 m=64 n=32 k=16 scales per_row_column amax scale_d");
}

TEST(GemmFlags, LeaveRangesToTheService) {
  const auto problem = ParseGemm({{"m", "0"}, {"n", "-1"}, {"k", "1"}});
  ASSERT_TRUE(problem.ok());
  EXPECT_EQ(problem->n(), -1);
}

TEST(GemmFlags, NameTheFieldThatIsWrong) {
  EXPECT_THAT(std::string(ParseGemm({{"b_type", "float"}}).status().message()),
              HasSubstr("gemm.b_type: must be one of fp32"));
  EXPECT_THAT(std::string(ParseGemm({{"colour", "red"}}).status().message()),
              HasSubstr("gemm.colour: no such field"));
  EXPECT_THAT(std::string(ParseGemm({{"amax", "yes"}}).status().message()),
              HasSubstr("gemm.amax: must be true or false"));
}

TEST(ParseAgeTest, TakesDaysAndRefusesWhatIsNoAge) {
  EXPECT_EQ(ParseAge("older-than", "90d")->count(), 90 * 86400);
  EXPECT_EQ(ParseAge("older-than", "12h")->count(), 12 * 3600);
  EXPECT_EQ(ParseAge("older-than", "90")->count(), 90);
  for (const char* text : {"", "d", "-1d", "0", "nan", "1e99d", "1w"}) {
    EXPECT_FALSE(ParseAge("older-than", text).ok()) << text;
  }
}

TEST(ParseBytesTest, TakesDecimalAndBinaryUnits) {
  EXPECT_EQ(ParseBytes("max-bytes", "500MB").value(), 500'000'000);
  EXPECT_EQ(ParseBytes("max-bytes", "2GiB").value(), int64_t{2} << 30);
  EXPECT_EQ(ParseBytes("max-bytes", "1234").value(), 1234);
  for (const char* text : {"", "MB", "-1", "0", "inf", "2Gi", "1e30"}) {
    EXPECT_FALSE(ParseBytes("max-bytes", text).ok()) << text;
  }
}

// What came from a newer daemon ended the command.
TEST(ProblemText, OfWhatIsRefusedHereIsItsShape) {
  v1::Problem problem;
  EXPECT_EQ(DescribeProblem(problem), "unknown problem");
  problem.mutable_gemm()->set_m(int64_t{1} << 40);
  problem.mutable_gemm()->set_n(5);
  problem.mutable_gemm()->set_k(6);
  problem.mutable_gemm()->set_batch(2);
  EXPECT_EQ(DescribeProblem(problem), "gemm m=1099511627776 n=5 k=6");
  EXPECT_EQ(FloatingPointOperations(problem), 0);
  problem.mutable_gemm()->set_m(4);
  problem.mutable_gemm()->set_a_type(static_cast<v1::DataType>(99));
  problem.mutable_gemm()->mutable_epilogue()->set_activation(static_cast<v1::Activation>(99));
  EXPECT_EQ(DescribeProblem(problem), "gemm m=4 n=5 k=6");
  v1::FusedDropoutProblem& fused = *problem.mutable_fused_dropout();
  fused.set_rows(8);
  fused.set_columns(16);
  fused.set_operation(v1::DROPOUT_OPERATION_DROPOUT);
  fused.mutable_dropout()->set_probability(-1);
  EXPECT_EQ(DescribeProblem(problem), "fused_dropout rows=8 columns=16");
  EXPECT_EQ(NeededBytes(problem), 0);
}

}  // namespace
}  // namespace tilewright::cli
