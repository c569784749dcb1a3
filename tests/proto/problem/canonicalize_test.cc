#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "tests/proto/problem/text_problem.h"

namespace tilewright {
namespace {

using google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;

TEST(CanonicalizeTest, FillsEveryDefault) {
  const v1::Problem expected = ParseProblem(R"(
      gemm {
        m: 64 n: 48 k: 32 batch: 1
        a_type: DATA_TYPE_BF16 b_type: DATA_TYPE_BF16 d_type: DATA_TYPE_BF16
        accumulator_type: DATA_TYPE_FP32
        a_layout: OPERAND_LAYOUT_NORMAL b_layout: OPERAND_LAYOUT_TRANSPOSED
        lda: 32 ldb: 32 ldd: 48
        scaling_mode: SCALING_MODE_NONE
        epilogue {
          bias_mode: BIAS_MODE_NONE source_mode: SOURCE_MODE_NONE
          activation: ACTIVATION_NONE rounding_mode: ROUNDING_MODE_NEAREST_EVEN
        }
        numerics { determinism: DETERMINISM_MODE_REQUIRED }
      })");
  EXPECT_TRUE(MessageDifferencer::Equals(CanonicalProblem(Gemm("")), expected))
      << CanonicalProblem(Gemm("")).DebugString();
}

struct SameCase {
  const char* name;
  std::string one;
  std::string other;
};

class SameComputationTest : public testing::TestWithParam<SameCase> {};

TEST_P(SameComputationTest, HasOneCanonicalForm) {
  const v1::Problem one = CanonicalProblem(GetParam().one);
  const v1::Problem other = CanonicalProblem(GetParam().other);
  EXPECT_TRUE(MessageDifferencer::Equals(one, other)) << one.DebugString() << other.DebugString();
  EXPECT_EQ(ProblemKey(one), ProblemKey(other));
}

INSTANTIATE_TEST_SUITE_P(
    All, SameComputationTest,
    testing::ValuesIn(std::vector<SameCase>{
        {"Batch", Gemm(""), Gemm("batch: 1")},
        {"Types", Gemm(""), Gemm("a_type: DATA_TYPE_BF16 d_type: DATA_TYPE_BF16")},
        {"Int8Types", Gemm("a_type: DATA_TYPE_INT8"),
         Gemm("a_type: DATA_TYPE_INT8 b_type: DATA_TYPE_INT8 d_type: DATA_TYPE_INT32 "
              "accumulator_type: DATA_TYPE_INT32")},
        {"BlocksArePromoted",
         Gemm("a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 scaling_mode: SCALING_MODE_BLOCK_128"),
         Gemm("a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 scaling_mode: SCALING_MODE_BLOCK_128 "
              "numerics { promote_accumulation: true }")},
        // It used to leave open how they are summed.
        {"BlocksArePromotedWithinAnErrorBudgetToo",
         Gemm("a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 scaling_mode: SCALING_MODE_BLOCK_128 "
              "numerics { error_budget: 0.1 }"),
         Gemm("a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 scaling_mode: SCALING_MODE_BLOCK_128 "
              "accumulator_type: DATA_TYPE_FP32 "
              "numerics { error_budget: 0.1 promote_accumulation: true }")},
        {"BiasOfAnFp8Output",
         Gemm("a_type: DATA_TYPE_E4M3 epilogue { bias_mode: BIAS_MODE_PER_COLUMN }"),
         Gemm("a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_E4M3 "
              "epilogue { bias_mode: BIAS_MODE_PER_COLUMN bias_type: DATA_TYPE_BF16 }")},
        {"Tf32Output", Gemm("a_type: DATA_TYPE_TF32"),
         Gemm("a_type: DATA_TYPE_TF32 d_type: DATA_TYPE_FP32")},
        {"PackedStrides", Gemm(""), Gemm("lda: 32 ldb: 32 ldd: 48")},
        {"PackedTransposedStrides",
         Gemm("a_layout: OPERAND_LAYOUT_TRANSPOSED b_layout: OPERAND_LAYOUT_NORMAL"),
         Gemm("a_layout: OPERAND_LAYOUT_TRANSPOSED b_layout: OPERAND_LAYOUT_NORMAL "
              "lda: 64 ldb: 48")},
        {"PackedBatches", Gemm("batch: 3 lda: 40"),
         Gemm("batch: 3 lda: 40 a_batch_stride: 2560 b_batch_stride: 1536 d_batch_stride: 3072")},
        {"SharedStaysShared",
         Gemm("batch: 3 a_batch_stride: -1 b_batch_stride: -1 c_batch_stride: -1 "
              "epilogue { source_mode: SOURCE_MODE_RESIDUAL }"),
         Gemm("batch: 3 a_batch_stride: -1 b_batch_stride: -1 c_batch_stride: -1 "
              "d_batch_stride: 3072 ldc: 48 epilogue { source_mode: SOURCE_MODE_RESIDUAL }")},
        {"OneBatchSharesWithNobody", Gemm("a_batch_stride: -1 b_batch_stride: -1"), Gemm("")},
        {"SharedButAbsent", Gemm("batch: 2 c_batch_stride: -1"), Gemm("batch: 2")},
        {"StridesOfAbsentOperands", Gemm(""), Gemm("ldc: 999 ld_aux: 7")},
        {"BiasType", Gemm("epilogue { bias_mode: BIAS_MODE_PER_ROW }"),
         Gemm("epilogue { bias_mode: BIAS_MODE_PER_ROW bias_type: DATA_TYPE_BF16 }")},
        {"SourceStride", Gemm("epilogue { source_mode: SOURCE_MODE_RESIDUAL }"),
         Gemm("ldc: 48 epilogue { source_mode: SOURCE_MODE_RESIDUAL source_type: "
              "DATA_TYPE_BF16 }")},
        {"NoDropout", Gemm(""), Gemm("epilogue { dropout { philox_rounds: 10 } }")},
        {"DropoutOfOneStep", Gemm("epilogue { dropout { probability: 0.1 } }"),
         Gemm("epilogue { dropout { probability: 0.100006103515625 philox_rounds: 7 } }")},
        {"DropoutOfLessThanAStep", Gemm(""), Gemm("epilogue { dropout { probability: 1e-6 } }")},
        {"EmptyMessages", Gemm(""), Gemm("epilogue {} numerics {}")},
    }),
    [](const auto& tested) { return tested.param.name; });

class ServedTest : public testing::TestWithParam<std::string> {};

TEST_P(ServedTest, CanonicalizesAndStaysAsItIs) {
  const v1::Problem canonical = CanonicalProblem(GetParam());
  const auto again = Canonicalize(canonical);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(MessageDifferencer::Equals(canonical, *again));
}

INSTANTIATE_TEST_SUITE_P(
    All, ServedTest,
    testing::Values(
        "gemm { m: 1 n: 1 k: 1 }", "gemm { m: 2147483647 n: 1 k: 1 }",
        "gemm { m: 1073741824 n: 1073741824 k: 1 }", Gemm("a_type: DATA_TYPE_FP32"),
        Gemm("a_type: DATA_TYPE_TF32 d_type: DATA_TYPE_FP16"),
        Gemm("a_type: DATA_TYPE_FP16 d_type: DATA_TYPE_BF16"), Gemm("a_type: DATA_TYPE_INT8"),
        Gemm("a_type: DATA_TYPE_FP16 accumulator_type: DATA_TYPE_FP16"),
        Gemm("a_type: DATA_TYPE_E5M2 d_type: DATA_TYPE_FP16 accumulator_type: DATA_TYPE_FP16"),
        Gemm("a_type: DATA_TYPE_FP32 numerics { error_budget: 1e-5 }"),
        Gemm("a_type: DATA_TYPE_INT8 d_type: DATA_TYPE_FP16 epilogue { activation: "
             "ACTIVATION_RELU bias_mode: BIAS_MODE_PER_COLUMN }"),
        // Heads of attention: batches interleaved within rows, inputs and outputs.
        Gemm("batch: 4 lda: 128 a_batch_stride: 32 ldd: 192 d_batch_stride: 48"),
        // Overlapping windows of one input are no harm.
        Gemm("batch: 4 a_batch_stride: 1"),
        // One matrix is no extent of 65535.
        Gemm("batch: 65535 a_batch_stride: -1 lda: 2251799813685248"),
        Gemm("epilogue { rounding_mode: ROUNDING_MODE_STOCHASTIC amax: true }"),
        Gemm("epilogue { dropout { probability: 0.3 philox_rounds: 10 store_mask: true } "
             "device_scalars: true aux_type: DATA_TYPE_E5M2 }"),
        Gemm("epilogue { gradient: true bias_gradient: true activation: ACTIVATION_GELU_ERF "
             "aux_type: DATA_TYPE_BF16 dropout { probability: 1 } }"),
        Gemm("numerics { determinism: DETERMINISM_MODE_NOT_REQUIRED error_budget: 0.01 }"),
        Gemm("epilogue { bias_mode: BIAS_MODE_PER_ROW bias_type: DATA_TYPE_FP32 source_mode: "
             "SOURCE_MODE_RESIDUAL source_type: DATA_TYPE_FP32 activation: ACTIVATION_SILU "
             "aux_type: DATA_TYPE_FP16 non_finite_flag: true }")));

TEST(CanonicalizeTest, NegativeZerosAreZeros) {
  v1::Problem problem = ParseProblem(Gemm(""));
  problem.mutable_gemm()->mutable_numerics()->set_error_budget(-0.0);
  const auto canonical = Canonicalize(problem);
  ASSERT_TRUE(canonical.ok());
  EXPECT_EQ(ProblemKey(*canonical), ProblemKey(CanonicalProblem(Gemm(""))));
}

TEST(CanonicalizeTest, EnumValuesThatTheWireAddsAreRefused) {
  v1::Problem problem = ParseProblem(Gemm(""));
  problem.mutable_gemm()->mutable_epilogue()->set_activation(static_cast<v1::Activation>(99));
  const auto canonical = Canonicalize(problem);
  EXPECT_EQ(ReasonOf(canonical.status()), "UNKNOWN_ENUM_VALUE");
  EXPECT_THAT(std::string(canonical.status().message()),
              HasSubstr("gemm.epilogue.activation: 99 is not a value of Activation"));
}

TEST(CanonicalizeTest, NegativeEnumValuesAreRefused) {
  v1::Problem problem = ParseProblem(Gemm(""));
  problem.mutable_gemm()->set_a_type(static_cast<v1::DataType>(-1));
  EXPECT_EQ(ReasonOf(Canonicalize(problem).status()), "UNKNOWN_ENUM_VALUE");
}

TEST(CanonicalizeTest, FieldsOfANewerClientAreNotDropped) {
  v1::Problem problem = ParseProblem(Gemm("epilogue {}"));
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.GetReflection()->MutableUnknownFields(&epilogue)->AddVarint(4000, 1);
  const auto canonical = Canonicalize(problem);
  EXPECT_EQ(canonical.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(canonical.status().message()),
              HasSubstr("gemm.epilogue: field number 4000"));
}

TEST(CanonicalizeTest, MessagesSayWhatToDo) {
  EXPECT_EQ(Canonicalize(ParseProblem(Gemm("lda: 31"))).status().message(),
            "gemm.lda: 31 is less than the 32 elements of a stored row; use at least that, or 0 "
            "for packed rows");
}

}  // namespace
}  // namespace tilewright
