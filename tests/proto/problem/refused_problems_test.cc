#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "tests/proto/problem/text_problem.h"

namespace tilewright {
namespace {

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
  // Who typed flags knows no fields: the advice said "unset it or set bias_mode".
  const std::string what(canonical.status().message().substr(std::string(refused.field).size()));
  const bool names_field = what.find('_') != std::string::npos;
  EXPECT_TRUE(!names_field || refused.field == std::string("problem")) << canonical.status();
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
        Invalid("NegativeBatchStride", Gemm("batch: 2 b_batch_stride: -2"), "OUT_OF_RANGE",
                "gemm.b_batch_stride"),
        Invalid("NegativeOutputBatchStride", Gemm("batch: 2 d_batch_stride: -2"), "OUT_OF_RANGE",
                "gemm.d_batch_stride"),
        Invalid("SharedOutput", Gemm("batch: 2 d_batch_stride: -1"), "NOT_SHARED",
                "gemm.d_batch_stride"),
        Invalid("SharedOutputOfOneBatch", Gemm("d_batch_stride: -1"), "NOT_SHARED",
                "gemm.d_batch_stride"),
        Invalid("SharedAux",
                Gemm("batch: 2 aux_batch_stride: -1 epilogue { aux_type: DATA_TYPE_BF16 }"),
                "NOT_SHARED", "gemm.aux_batch_stride"),
        Invalid("SharedAuxOfAGradient",
                Gemm("batch: 2 aux_batch_stride: -1 epilogue { aux_type: DATA_TYPE_BF16 "
                     "activation: ACTIVATION_RELU gradient: true }"),
                "NOT_SHARED", "gemm.aux_batch_stride"),
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
        Invalid("Int8Aux", Gemm("epilogue { aux_type: DATA_TYPE_INT8 }"), "UNSUPPORTED_TYPES",
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
        Invalid("BiasGradientOfAForward", Gemm("epilogue { bias_gradient: true }"),
                "CONTRADICTORY_EPILOGUE", "gemm.epilogue.bias_gradient"),
        Invalid("GradientWithBias",
                Gemm("epilogue { gradient: true bias_mode: BIAS_MODE_PER_COLUMN }"),
                "CONTRADICTORY_EPILOGUE", "gemm.epilogue.bias_mode"),
        Invalid("GradientWithResidual",
                Gemm("epilogue { gradient: true source_mode: SOURCE_MODE_RESIDUAL }"),
                "CONTRADICTORY_EPILOGUE", "gemm.epilogue.source_mode"),
        Invalid("GradientWithoutItsArgument",
                Gemm("epilogue { gradient: true activation: ACTIVATION_SILU }"),
                "CONTRADICTORY_EPILOGUE", "gemm.epilogue.aux_type"),
        Invalid("GradientOnInt32", Int8Gemm("gradient: true"), "CONTRADICTORY_EPILOGUE",
                "gemm.epilogue.gradient"),
        Invalid("DeviceScalarsOnInt32", Int8Gemm("device_scalars: true"), "CONTRADICTORY_EPILOGUE",
                "gemm.epilogue.device_scalars"),
        Invalid("ScaleOfBf16Output", Gemm("epilogue { scale_d: true }"), "CONTRADICTORY_EPILOGUE",
                "gemm.epilogue.scale_d"),
        Invalid("NanBudget", Gemm("numerics { error_budget: nan }"), "OUT_OF_RANGE",
                "gemm.numerics.error_budget"),
        Invalid("NegativeBudget", Gemm("numerics { error_budget: -1e-3 }"), "OUT_OF_RANGE",
                "gemm.numerics.error_budget"),
        Invalid("InfiniteBudget", Gemm("numerics { error_budget: inf }"), "OUT_OF_RANGE",
                "gemm.numerics.error_budget"),
    }),
    [](const auto& tested) { return tested.param.name; });

std::string Dropout(const std::string& fields) {
  return "fused_dropout { rows: 4 columns: 4 operation: DROPOUT_OPERATION_DROPOUT " + fields + " }";
}

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
        Invalid("Budget", Dropout("numerics { error_budget: 2 }"), "OUT_OF_RANGE",
                "fused_dropout.numerics.error_budget"),
        Invalid("ActivationOfNothing", Dropout("activation: ACTIVATION_RELU"),
                "CONTRADICTORY_OPERATION", "fused_dropout.activation"),
        Invalid("BiasTypeWithoutBias", Dropout("bias_type: DATA_TYPE_BF16"),
                "CONTRADICTORY_OPERATION", "fused_dropout.bias_type"),
        Invalid("ResidualTypeWithoutResidual", Dropout("residual_type: DATA_TYPE_BF16"),
                "CONTRADICTORY_OPERATION", "fused_dropout.residual_type"),
        Invalid("ResidualStrideWithoutResidual", Dropout("residual_stride: 4"),
                "CONTRADICTORY_OPERATION", "fused_dropout.residual_stride"),
        Invalid("StatisticsOfNothing", Dropout("store_statistics: true"), "CONTRADICTORY_OPERATION",
                "fused_dropout.store_statistics"),
        Invalid("StatisticsOfBackward",
                Dropout("normalization: NORMALIZATION_RMS_NORM backward: true "
                        "store_statistics: true"),
                "CONTRADICTORY_OPERATION", "fused_dropout.store_statistics"),
        Invalid("PreNormOfNothing", Dropout("store_pre_norm: true"), "CONTRADICTORY_OPERATION",
                "fused_dropout.store_pre_norm"),
        Invalid("PreNormStrideOfNothing",
                Dropout("normalization: NORMALIZATION_RMS_NORM pre_norm_stride: 4"),
                "CONTRADICTORY_OPERATION", "fused_dropout.pre_norm_stride"),
        Invalid("WeightTypeOfNothing", Dropout("weight_type: DATA_TYPE_BF16"),
                "CONTRADICTORY_OPERATION", "fused_dropout.weight_type"),
        Invalid("AddedGradientOfForward",
                Dropout("normalization: NORMALIZATION_RMS_NORM add_gradient: true"),
                "CONTRADICTORY_OPERATION", "fused_dropout.add_gradient"),
        Invalid("Promotion", Dropout("numerics { promote_accumulation: true }"),
                "NOTHING_TO_PROMOTE", "fused_dropout.numerics.promote_accumulation"),
        Invalid("StrideBeyondMemory", Dropout("x_stride: 4611686018427387904"), "OVERFLOW",
                "fused_dropout.x_stride"),
        Invalid("SmallStride", Dropout("x_stride: 3"), "STRIDE_TOO_SMALL",
                "fused_dropout.x_stride"),
        Invalid("NegativeStride", Dropout("y_stride: -4"), "STRIDE_TOO_SMALL",
                "fused_dropout.y_stride"),
    }),
    [](const auto& tested) { return tested.param.name; });

RefusedCase NotServed(const char* name, const std::string& problem, const char* field) {
  return {name, problem, absl::StatusCode::kUnimplemented, "NOT_IMPLEMENTED", field};
}

INSTANTIATE_TEST_SUITE_P(
    NotServed, RefusedTest,
    testing::ValuesIn(std::vector<RefusedCase>{
        Invalid("Fp8AlongM",
                Gemm("a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 "
                     "a_layout: OPERAND_LAYOUT_TRANSPOSED"),
                "UNSUPPORTED_LAYOUT", "gemm.a_layout"),
        Invalid("Fp8AlongN",
                Gemm("a_type: DATA_TYPE_E5M2 d_type: DATA_TYPE_BF16 "
                     "b_layout: OPERAND_LAYOUT_NORMAL"),
                "UNSUPPORTED_LAYOUT", "gemm.b_layout"),
        NotServed("Fp32ToBf16", Gemm("a_type: DATA_TYPE_FP32 d_type: DATA_TYPE_BF16"),
                  "gemm.d_type"),
        NotServed("Int8ToInt8", Gemm("a_type: DATA_TYPE_INT8 d_type: DATA_TYPE_INT8"),
                  "gemm.d_type"),
        Invalid("ScalesOfBf16", Gemm("scaling_mode: SCALING_MODE_PER_TENSOR"),
                "UNSUPPORTED_SCALING", "gemm.scaling_mode"),
        Invalid("ScalesOfAnExactSum",
                Gemm("a_type: DATA_TYPE_INT8 scaling_mode: SCALING_MODE_PER_ROW_COLUMN"),
                "UNSUPPORTED_SCALING", "gemm.scaling_mode"),
        Invalid("BlocksOfInt8",
                Gemm("a_type: DATA_TYPE_INT8 d_type: DATA_TYPE_BF16 "
                     "scaling_mode: SCALING_MODE_BLOCK_128"),
                "UNSUPPORTED_SCALING", "gemm.scaling_mode"),
        NotServed("FusedDropoutBudget", Dropout("numerics { error_budget: 0.1 }"),
                  "fused_dropout.numerics.error_budget"),
    }),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace tilewright
