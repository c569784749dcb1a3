#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/problem/text_problem.h"
#include "tuner/problem/canonical_problem.h"

namespace tilewright {
namespace {

using google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;

// A shape that most cases share, followed by the fields under test.
std::string Gemm(const std::string& fields) { return "gemm { m: 64 n: 48 k: 32 " + fields + " }"; }

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
        {"Tf32Output", Gemm("a_type: DATA_TYPE_TF32"),
         Gemm("a_type: DATA_TYPE_TF32 d_type: DATA_TYPE_FP32")},
        {"PackedStrides", Gemm(""), Gemm("lda: 32 ldb: 32 ldd: 48")},
        {"PackedTransposedStrides",
         Gemm("a_layout: OPERAND_LAYOUT_TRANSPOSED b_layout: OPERAND_LAYOUT_NORMAL"),
         Gemm("a_layout: OPERAND_LAYOUT_TRANSPOSED b_layout: OPERAND_LAYOUT_NORMAL "
              "lda: 64 ldb: 48")},
        {"PackedBatches", Gemm("batch: 3 lda: 40"),
         Gemm("batch: 3 lda: 40 a_batch_stride: 2560 b_batch_stride: 1536 d_batch_stride: 3072")},
        {"StridesOfAbsentOperands", Gemm(""), Gemm("ldc: 999 ld_aux: 7")},
        {"BiasType", Gemm("epilogue { bias_mode: BIAS_MODE_PER_ROW }"),
         Gemm("epilogue { bias_mode: BIAS_MODE_PER_ROW bias_type: DATA_TYPE_BF16 }")},
        {"SourceStride", Gemm("epilogue { source_mode: SOURCE_MODE_RESIDUAL }"),
         Gemm("ldc: 48 epilogue { source_mode: SOURCE_MODE_RESIDUAL source_type: "
              "DATA_TYPE_BF16 }")},
        {"NoDropout", Gemm(""), Gemm("epilogue { dropout { philox_rounds: 10 } }")},
        {"EmptyMessages", Gemm(""), Gemm("epilogue {} numerics {}")},
    }),
    [](const auto& tested) { return tested.param.name; });

struct RefusedCase {
  const char* name;
  std::string problem;
  absl::StatusCode code;
  const char* reason;
  const char* field;
};

class RefusedTest : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedTest, NamesFieldAndReason) {
  const RefusedCase& refused = GetParam();
  const auto canonical = Canonicalize(ParseProblem(refused.problem));
  ASSERT_FALSE(canonical.ok()) << canonical->DebugString();
  EXPECT_EQ(canonical.status().code(), refused.code) << canonical.status();
  EXPECT_EQ(ReasonOf(canonical.status()), refused.reason) << canonical.status();
  const auto info = ErrorInfoOf(canonical.status());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->metadata().at("field"), refused.field) << canonical.status();
}

RefusedCase Invalid(const char* name, const std::string& problem, const char* reason,
                    const char* field) {
  return {name, problem, absl::StatusCode::kInvalidArgument, reason, field};
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, RefusedTest,
    testing::ValuesIn(std::vector<RefusedCase>{
        Invalid("Nothing", "", "MISSING_FIELD", "problem"),
        Invalid("EmptyGemm", "gemm {}", "OUT_OF_RANGE", "gemm.m"),
        Invalid("ZeroM", "gemm { n: 1 k: 1 }", "OUT_OF_RANGE", "gemm.m"),
        Invalid("NegativeN", "gemm { m: 1 n: -5 k: 1 }", "OUT_OF_RANGE", "gemm.n"),
        Invalid("ZeroK", "gemm { m: 1 n: 1 }", "OUT_OF_RANGE", "gemm.k"),
        Invalid("LargeM", "gemm { m: 2147483648 n: 1 k: 1 }", "OUT_OF_RANGE", "gemm.m"),
        Invalid("AbsurdK", "gemm { m: 1 n: 1 k: 9223372036854775807 }", "OUT_OF_RANGE", "gemm.k"),
        Invalid("LowestM", "gemm { m: -9223372036854775808 n: 1 k: 1 }", "OUT_OF_RANGE", "gemm.m"),
        Invalid("NegativeBatch", Gemm("batch: -1"), "OUT_OF_RANGE", "gemm.batch"),
        Invalid("LargeBatch", Gemm("batch: 65536"), "OUT_OF_RANGE", "gemm.batch"),
        Invalid("Product", "gemm { m: 2147483647 n: 2147483647 k: 2 }", "OVERFLOW", "gemm"),
        Invalid("ProductPast128Bits",
                "gemm { m: 2147483647 n: 2147483647 k: 2147483647 batch: 65535 }", "OVERFLOW",
                "gemm"),
    }),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Strides, RefusedTest,
    testing::ValuesIn(std::vector<RefusedCase>{
        Invalid("NegativeLda", Gemm("lda: -1"), "OUT_OF_RANGE", "gemm.lda"),
        Invalid("SmallLda", Gemm("lda: 31"), "STRIDE_TOO_SMALL", "gemm.lda"),
        Invalid("SmallTransposedLda", Gemm("a_layout: OPERAND_LAYOUT_TRANSPOSED lda: 63"),
                "STRIDE_TOO_SMALL", "gemm.lda"),
        Invalid("SmallLdb", Gemm("ldb: 1"), "STRIDE_TOO_SMALL", "gemm.ldb"),
        Invalid("SmallNormalLdb", Gemm("b_layout: OPERAND_LAYOUT_NORMAL ldb: 47"),
                "STRIDE_TOO_SMALL", "gemm.ldb"),
        Invalid("SmallLdd", Gemm("ldd: 47"), "STRIDE_TOO_SMALL", "gemm.ldd"),
        Invalid("SmallLdc", Gemm("ldc: 47 epilogue { source_mode: SOURCE_MODE_ACCUMULATE }"),
                "STRIDE_TOO_SMALL", "gemm.ldc"),
        Invalid("SmallLdAux", Gemm("ld_aux: 47 epilogue { aux_type: DATA_TYPE_BF16 }"),
                "STRIDE_TOO_SMALL", "gemm.ld_aux"),
        Invalid("NegativeAbsentLdc", Gemm("ldc: -1"), "OUT_OF_RANGE", "gemm.ldc"),
        Invalid("BatchStrideWithoutBatch", Gemm("a_batch_stride: 2048"), "CONTRADICTORY_STRIDE",
                "gemm.a_batch_stride"),
        Invalid("NegativeBatchStride", Gemm("batch: 2 b_batch_stride: -1"), "OUT_OF_RANGE",
                "gemm.b_batch_stride"),
        Invalid("OverlappingOutputs", Gemm("batch: 2 d_batch_stride: 3071"), "STRIDE_TOO_SMALL",
                "gemm.d_batch_stride"),
        Invalid("OverlappingInterleavedOutputs", Gemm("batch: 3 ldd: 143 d_batch_stride: 48"),
                "STRIDE_TOO_SMALL", "gemm.d_batch_stride"),
        Invalid("OverlappingAux",
                Gemm("batch: 2 aux_batch_stride: 1 epilogue { aux_type: DATA_TYPE_BF16 }"),
                "STRIDE_TOO_SMALL", "gemm.aux_batch_stride"),
        Invalid("StrideOverflow", Gemm("lda: 9223372036854775807"), "OVERFLOW", "gemm.lda"),
        Invalid("BatchStrideOverflow", Gemm("batch: 65535 b_batch_stride: 9223372036854775807"),
                "OVERFLOW", "gemm.b_batch_stride"),
        Invalid("PackedBatchOverflow", Gemm("batch: 65535 ldd: 2251799813685248"), "OVERFLOW",
                "gemm.d_batch_stride"),
    }),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Types, RefusedTest,
    testing::ValuesIn(std::vector<RefusedCase>{
        Invalid("Mixed", Gemm("a_type: DATA_TYPE_BF16 b_type: DATA_TYPE_FP16"), "UNSUPPORTED_TYPES",
                "gemm.b_type"),
        Invalid("MixedWithFp8", Gemm("a_type: DATA_TYPE_BF16 b_type: DATA_TYPE_E4M3"),
                "UNSUPPORTED_TYPES", "gemm.b_type"),
        Invalid("Int32Input", Gemm("a_type: DATA_TYPE_INT32"), "UNSUPPORTED_TYPES", "gemm.a_type"),
        Invalid("Tf32Output", Gemm("a_type: DATA_TYPE_TF32 d_type: DATA_TYPE_TF32"),
                "UNSUPPORTED_TYPES", "gemm.d_type"),
        Invalid("IntegerOutput", Gemm("d_type: DATA_TYPE_INT32"), "UNSUPPORTED_TYPES",
                "gemm.d_type"),
        Invalid("Int8Output", Gemm("d_type: DATA_TYPE_INT8"), "UNSUPPORTED_TYPES", "gemm.d_type"),
        Invalid("Bf16Accumulator", Gemm("accumulator_type: DATA_TYPE_BF16"), "UNSUPPORTED_TYPES",
                "gemm.accumulator_type"),
        Invalid("HalfAccumulatorOfBf16", Gemm("accumulator_type: DATA_TYPE_FP16"),
                "UNSUPPORTED_TYPES", "gemm.accumulator_type"),
        Invalid("FloatAccumulatorOfInt8",
                Gemm("a_type: DATA_TYPE_INT8 accumulator_type: DATA_TYPE_FP32"),
                "UNSUPPORTED_TYPES", "gemm.accumulator_type"),
        Invalid("Int8Bias",
                Gemm("epilogue { bias_mode: BIAS_MODE_PER_COLUMN bias_type: DATA_TYPE_INT8 }"),
                "UNSUPPORTED_TYPES", "gemm.epilogue.bias_type"),
        Invalid("Tf32Source",
                Gemm("epilogue { source_mode: SOURCE_MODE_RESIDUAL source_type: DATA_TYPE_TF32 }"),
                "UNSUPPORTED_TYPES", "gemm.epilogue.source_type"),
        Invalid("Fp8Aux", Gemm("epilogue { aux_type: DATA_TYPE_E4M3 }"), "UNSUPPORTED_TYPES",
                "gemm.epilogue.aux_type"),
    }),
    [](const auto& tested) { return tested.param.name; });

std::string Int8Gemm(const std::string& epilogue) {
  return Gemm("a_type: DATA_TYPE_INT8 epilogue { " + epilogue + " }");
}

INSTANTIATE_TEST_SUITE_P(
    Epilogues, RefusedTest,
    testing::ValuesIn(std::vector<RefusedCase>{
        Invalid("BiasTypeWithoutBias", Gemm("epilogue { bias_type: DATA_TYPE_BF16 }"),
                "CONTRADICTORY_EPILOGUE", "gemm.epilogue.bias_type"),
        Invalid("SourceTypeWithoutSource",
                Gemm("epilogue { source_mode: SOURCE_MODE_NONE source_type: DATA_TYPE_BF16 }"),
                "CONTRADICTORY_EPILOGUE", "gemm.epilogue.source_type"),
        Invalid("StochasticFp32",
                Gemm("d_type: DATA_TYPE_FP32 epilogue { rounding_mode: ROUNDING_MODE_STOCHASTIC }"),
                "CONTRADICTORY_EPILOGUE", "gemm.epilogue.rounding_mode"),
        Invalid("StochasticInt32", Int8Gemm("rounding_mode: ROUNDING_MODE_STOCHASTIC"),
                "CONTRADICTORY_EPILOGUE", "gemm.epilogue.rounding_mode"),
        Invalid("BiasOnInt32", Int8Gemm("bias_mode: BIAS_MODE_PER_COLUMN"),
                "CONTRADICTORY_EPILOGUE", "gemm.epilogue.bias_mode"),
        Invalid("SourceOnInt32", Int8Gemm("source_mode: SOURCE_MODE_ACCUMULATE"),
                "CONTRADICTORY_EPILOGUE", "gemm.epilogue.source_mode"),
        Invalid("ActivationOnInt32", Int8Gemm("activation: ACTIVATION_RELU"),
                "CONTRADICTORY_EPILOGUE", "gemm.epilogue.activation"),
        Invalid("AuxOnInt32", Int8Gemm("aux_type: DATA_TYPE_FP32"), "CONTRADICTORY_EPILOGUE",
                "gemm.epilogue.aux_type"),
        Invalid("AmaxOnInt32", Int8Gemm("amax: true"), "CONTRADICTORY_EPILOGUE",
                "gemm.epilogue.amax"),
        Invalid("NonFiniteOnInt32", Int8Gemm("non_finite_flag: true"), "CONTRADICTORY_EPILOGUE",
                "gemm.epilogue.non_finite_flag"),
        Invalid("MaskWithoutDropout", Gemm("epilogue { dropout { store_mask: true } }"),
                "CONTRADICTORY_EPILOGUE", "gemm.epilogue.dropout.store_mask"),
        Invalid("ProbabilityAboveOne", Gemm("epilogue { dropout { probability: 1.5 } }"),
                "OUT_OF_RANGE", "gemm.epilogue.dropout.probability"),
        Invalid("ProbabilityNan", Gemm("epilogue { dropout { probability: nan } }"), "OUT_OF_RANGE",
                "gemm.epilogue.dropout.probability"),
        Invalid("PhiloxRounds", Gemm("epilogue { dropout { probability: 0.1 philox_rounds: 8 } }"),
                "OUT_OF_RANGE", "gemm.epilogue.dropout.philox_rounds"),
        Invalid("NanBudget", Gemm("numerics { error_budget: nan }"), "OUT_OF_RANGE",
                "gemm.numerics.error_budget"),
        Invalid("NegativeBudget", Gemm("numerics { error_budget: -1e-3 }"), "OUT_OF_RANGE",
                "gemm.numerics.error_budget"),
        Invalid("InfiniteBudget", Gemm("numerics { error_budget: inf }"), "OUT_OF_RANGE",
                "gemm.numerics.error_budget"),
    }),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    FusedDropout, RefusedTest,
    testing::ValuesIn(std::vector<RefusedCase>{
        Invalid("Rows", "fused_dropout { columns: 4 }", "OUT_OF_RANGE", "fused_dropout.rows"),
        Invalid("Operation", "fused_dropout { rows: 4 columns: 4 }", "MISSING_FIELD",
                "fused_dropout.operation"),
        Invalid("Type",
                "fused_dropout { rows: 4 columns: 4 operation: DROPOUT_OPERATION_DROPOUT "
                "type: DATA_TYPE_INT8 }",
                "UNSUPPORTED_TYPES", "fused_dropout.type"),
        Invalid("Probability",
                "fused_dropout { rows: 4 columns: 4 operation: DROPOUT_OPERATION_DROPOUT "
                "dropout { probability: -0.5 } }",
                "OUT_OF_RANGE", "fused_dropout.dropout.probability"),
    }),
    [](const auto& tested) { return tested.param.name; });

RefusedCase NotServed(const char* name, const std::string& problem, const char* field) {
  return {name, problem, absl::StatusCode::kUnimplemented, "NOT_IMPLEMENTED", field};
}

INSTANTIATE_TEST_SUITE_P(
    NotServed, RefusedTest,
    testing::ValuesIn(std::vector<RefusedCase>{
        NotServed("Fp8", Gemm("a_type: DATA_TYPE_E4M3"), "gemm.a_type"),
        NotServed("MixedFp8", Gemm("a_type: DATA_TYPE_E4M3 b_type: DATA_TYPE_E5M2"), "gemm.a_type"),
        NotServed("HalfAccumulator",
                  Gemm("a_type: DATA_TYPE_FP16 accumulator_type: DATA_TYPE_FP16"),
                  "gemm.accumulator_type"),
        NotServed("Fp32ToBf16", Gemm("a_type: DATA_TYPE_FP32 d_type: DATA_TYPE_BF16"),
                  "gemm.d_type"),
        NotServed("Int8ToInt8", Gemm("a_type: DATA_TYPE_INT8 d_type: DATA_TYPE_INT8"),
                  "gemm.d_type"),
        NotServed("Scaling", Gemm("scaling_mode: SCALING_MODE_PER_TENSOR"), "gemm.scaling_mode"),
        NotServed("Dropout", Gemm("epilogue { dropout { probability: 0.1 } }"),
                  "gemm.epilogue.dropout"),
        NotServed("DeviceScalars", Gemm("epilogue { device_scalars: true }"),
                  "gemm.epilogue.device_scalars"),
        NotServed("Promotion", Gemm("numerics { promote_accumulation: true }"),
                  "gemm.numerics.promote_accumulation"),
        NotServed("FusedDropout",
                  "fused_dropout { rows: 4 columns: 4 operation: DROPOUT_OPERATION_DROPOUT "
                  "type: DATA_TYPE_BF16 dropout { probability: 0.1 } }",
                  "fused_dropout"),
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
        Gemm("a_type: DATA_TYPE_INT8 d_type: DATA_TYPE_FP16 epilogue { activation: "
             "ACTIVATION_RELU bias_mode: BIAS_MODE_PER_COLUMN }"),
        // Heads of attention: batches interleaved within rows, inputs and outputs.
        Gemm("batch: 4 lda: 128 a_batch_stride: 32 ldd: 192 d_batch_stride: 48"),
        // Overlapping windows of one input are no harm.
        Gemm("batch: 4 a_batch_stride: 1"),
        Gemm("epilogue { rounding_mode: ROUNDING_MODE_STOCHASTIC amax: true }"),
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
              HasSubstr("gemm.epilogue.activation: 99 is no Activation"));
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
