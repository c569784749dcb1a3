// The client fills defaults by itself, as it must not know the tuner; here the two are held
// against each other.
#include "client/cpp/gemm_defaults.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "proto/problem/canonical_problem.h"

namespace tilewright {
namespace {

v1::GemmProblem Parse(const std::string& text) {
  v1::GemmProblem problem;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &problem)) << text;
  return problem;
}

class GemmDefaultsTest : public ::testing::TestWithParam<const char*> {};

// What a launch uses of a problem: sizes, layouts, types, strides and the epilogue's modes.
TEST_P(GemmDefaultsTest, AgreeWithTheCanonicalProblem) {
  const v1::GemmProblem problem = Parse(GetParam());
  v1::Problem wrapped;
  *wrapped.mutable_gemm() = problem;
  const auto canonical = Canonicalize(wrapped);
  ASSERT_TRUE(canonical.ok()) << canonical.status();
  std::string differences;
  google::protobuf::util::MessageDifferencer compare;
  compare.ReportDifferencesToString(&differences);
  EXPECT_TRUE(compare.Compare(canonical->gemm(), WithDefaults(problem))) << differences;
}

INSTANTIATE_TEST_SUITE_P(
    Problems, GemmDefaultsTest,
    ::testing::Values(
        "m: 64 n: 32 k: 16", "m: 64 n: 32 k: 16 batch: 3", "m: 64 n: 32 k: 16 lda: 24",
        "m: 64 n: 32 k: 16 a_layout: OPERAND_LAYOUT_TRANSPOSED b_layout: OPERAND_LAYOUT_NORMAL",
        "m: 64 n: 32 k: 16 a_layout: OPERAND_LAYOUT_TRANSPOSED b_layout: "
        "OPERAND_LAYOUT_TRANSPOSED batch: 2",
        "m: 64 n: 32 k: 16 batch: 2 ldb: 32 d_batch_stride: 4096",
        "m: 64 n: 32 k: 16 batch: 2 a_batch_stride: -1 c_batch_stride: -1 epilogue { source_mode: "
        "SOURCE_MODE_ACCUMULATE }",
        "m: 64 n: 32 k: 16 a_batch_stride: -1 b_batch_stride: -1",
        "m: 64 n: 32 k: 16 a_type: DATA_TYPE_INT8", "m: 64 n: 32 k: 16 a_type: DATA_TYPE_TF32",
        "m: 64 n: 32 k: 16 a_type: DATA_TYPE_FP32",
        "m: 64 n: 32 k: 16 numerics { error_budget: 0.01 }",
        "m: 64 n: 32 k: 16 a_type: DATA_TYPE_FP32 numerics { error_budget: 0.01 }",
        "m: 64 n: 32 k: 16 a_type: DATA_TYPE_FP16 numerics { error_budget: 0.01 }",
        "m: 64 n: 32 k: 16 a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 numerics { "
        "error_budget: 0.01 }",
        "m: 64 n: 32 k: 16 a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 numerics { "
        "error_budget: 0.01 promote_accumulation: true }",
        "m: 64 n: 32 k: 16 a_type: DATA_TYPE_FP16 d_type: DATA_TYPE_FP32",
        "m: 64 n: 32 k: 16 epilogue { dropout { probability: 0.1 store_mask: true } }",
        "m: 64 n: 32 k: 16 epilogue { dropout { probability: 1e-6 } }",
        "m: 64 n: 32 k: 16 epilogue { gradient: true bias_gradient: true activation: "
        "ACTIVATION_SILU aux_type: DATA_TYPE_E4M3 dropout { probability: 0.5 philox_rounds: 10 } }",
        "m: 64 n: 32 k: 16 batch: 2 epilogue { source_mode: SOURCE_MODE_ACCUMULATE }",
        "m: 64 n: 32 k: 16 a_type: DATA_TYPE_E4M3 epilogue { bias_mode: BIAS_MODE_PER_ROW "
        "source_mode: SOURCE_MODE_RESIDUAL scale_d: true }",
        "m: 64 n: 32 k: 16 a_type: DATA_TYPE_E5M2 d_type: DATA_TYPE_BF16 "
        "scaling_mode: SCALING_MODE_BLOCK_128",
        "m: 64 n: 32 k: 16 epilogue { bias_mode: BIAS_MODE_PER_COLUMN activation: "
        "ACTIVATION_SILU aux_type: DATA_TYPE_BF16 }"));

TEST(MayServeTest, IgnoresTheProbabilityOfDropoutButNotThatThereIsSome) {
  const auto dropout = [](const std::string& fields) {
    return WithDefaults(Parse("m: 64 n: 32 k: 16 epilogue { dropout { " + fields + " } }"));
  };
  EXPECT_TRUE(MayServe(dropout("probability: 0.1"), dropout("probability: 0.9")));
  EXPECT_FALSE(MayServe(dropout("probability: 0.1"), dropout("probability: 1e-6")));
  EXPECT_FALSE(
      MayServe(dropout("probability: 0.1"), dropout("probability: 0.1 philox_rounds: 10")));
}

TEST(MayServeTest, IgnoresShapeAndStridesOnly) {
  const v1::GemmProblem base = WithDefaults(Parse("m: 64 n: 32 k: 16"));
  EXPECT_TRUE(MayServe(base, WithDefaults(Parse("m: 8 n: 9 k: 10 batch: 2 lda: 99"))));
  EXPECT_FALSE(MayServe(base, WithDefaults(Parse("m: 64 n: 32 k: 16 a_type: DATA_TYPE_FP16"))));
  EXPECT_FALSE(MayServe(
      base, WithDefaults(Parse("m: 64 n: 32 k: 16 epilogue { activation: ACTIVATION_RELU }"))));
}

// Only kernels of versions that know broadcasts, and extents near 2^31, were handed out for them.
TEST(MayServeTest, AKernelServesWhatItWasGotFor) {
  const auto shape = [](const std::string& fields) { return WithDefaults(Parse(fields)); };
  const v1::GemmProblem plain = shape("m: 64 n: 32 k: 16 batch: 2");
  const v1::GemmProblem shared = shape("m: 64 n: 32 k: 16 batch: 2 a_batch_stride: -1");
  EXPECT_FALSE(MayServe(plain, shared));
  EXPECT_TRUE(MayServe(shared, plain));
  EXPECT_TRUE(MayServe(shared, shape("m: 8 n: 32 k: 16 a_batch_stride: -1")));
  EXPECT_FALSE(MayServe(shared, shape("m: 64 n: 32 k: 16 batch: 2 b_batch_stride: -1")));
  EXPECT_FALSE(MayServe(plain, shape("m: 8 n: 8 k: 2147483640")));
  EXPECT_TRUE(MayServe(shape("m: 8 n: 8 k: 2147483640"), shape("m: 16 n: 8 k: 2147483600")));
}

}  // namespace
}  // namespace tilewright
