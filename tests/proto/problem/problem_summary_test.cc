#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "tests/proto/problem/text_problem.h"

namespace tilewright {
namespace {

struct DescribeCase {
  const char* problem;
  const char* text;
};

class DescribeProblemTest : public testing::TestWithParam<DescribeCase> {};

TEST_P(DescribeProblemTest, SaysWhatMatters) {
  EXPECT_EQ(DescribeProblem(CanonicalProblem(GetParam().problem)), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    All, DescribeProblemTest,
    testing::ValuesIn(std::vector<DescribeCase>{
        {"gemm { m: 8192 n: 6144 k: 4096 epilogue { bias_mode: BIAS_MODE_PER_COLUMN activation: "
         "ACTIVATION_GELU_TANH } }",
         "gemm nt bf16 m=8192 n=6144 k=4096 bias gelu_tanh"},
        {"gemm { m: 4 n: 5 k: 6 a_layout: OPERAND_LAYOUT_TRANSPOSED b_layout: "
         "OPERAND_LAYOUT_NORMAL a_type: DATA_TYPE_INT8 batch: 7 }",
         "gemm tn int8->int32 m=4 n=5 k=6 batch=7"},
        {"gemm { m: 4 n: 5 k: 6 batch: 2 lda: 8 ldd: 10 d_batch_stride: 5 }",
         "gemm nt bf16 m=4 n=5 k=6 batch=2 lda=8 ldd=10 stride_d=5"},
        {"gemm { m: 4 n: 5 k: 6 batch: 2 b_batch_stride: -1 }",
         "gemm nt bf16 m=4 n=5 k=6 batch=2 stride_b=broadcast"},
        {"gemm { m: 4 n: 5 k: 6 a_type: DATA_TYPE_FP16 epilogue { bias_mode: BIAS_MODE_PER_ROW "
         "bias_type: DATA_TYPE_FP32 source_mode: SOURCE_MODE_RESIDUAL activation: ACTIVATION_RELU "
         "aux_type: DATA_TYPE_BF16 rounding_mode: ROUNDING_MODE_STOCHASTIC amax: true "
         "non_finite_flag: true } }",
         "gemm nt fp16 m=4 n=5 k=6 row_bias(fp32) relu residual aux(bf16) stochastic amax "
         "non_finite_flag"},
        {"gemm { m: 4 n: 5 k: 6 epilogue { source_mode: SOURCE_MODE_ACCUMULATE } numerics { "
         "determinism: DETERMINISM_MODE_NOT_REQUIRED error_budget: 0.01 } }",
         "gemm nt bf16 m=4 n=5 k=6 accumulate nondeterministic error<=0.01"},
        {"gemm { m: 4 n: 5 k: 6 epilogue { dropout { probability: 0.25 philox_rounds: 10 "
         "store_mask: true } gradient: true bias_gradient: true device_scalars: true } }",
         "gemm nt bf16 m=4 n=5 k=6 dropout=0.25 rounds=10 mask gradient bias_gradient "
         "device_scalars"},
        {"gemm { m: 4 n: 5 k: 6 a_type: DATA_TYPE_FP16 accumulator_type: DATA_TYPE_FP16 }",
         "gemm nt fp16 sums=fp16 m=4 n=5 k=6"},
    }));

TEST(FloatingPointOperationsTest, CountsMultiplyAddsTwice) {
  EXPECT_EQ(FloatingPointOperations(CanonicalProblem("gemm { m: 2 n: 3 k: 5 batch: 7 }")), 420);
  // Past 2^53 as well as an integer product of ints would.
  EXPECT_DOUBLE_EQ(
      FloatingPointOperations(CanonicalProblem("gemm { m: 1048576 n: 1048576 k: 1048576 }")),
      2.0 * 1048576 * 1048576 * 1048576);
}

TEST(MinimumBytesTest, CountsWhatAllBatchesShareOnce) {
  EXPECT_EQ(MinimumBytes(CanonicalProblem(
                "gemm { m: 2 n: 3 k: 5 batch: 7 a_batch_stride: -1 c_batch_stride: -1 epilogue { "
                "source_mode: SOURCE_MODE_RESIDUAL } }")),
            (2 * 5 + 7 * 3 * 5 + 2 * 3 + 7 * 2 * 3) * 2);
}

TEST(MinimumBytesTest, CountsEveryOperandOnce) {
  EXPECT_EQ(MinimumBytes(CanonicalProblem("gemm { m: 2 n: 3 k: 5 batch: 7 lda: 100 }")),
            7 * (2 * 5 + 3 * 5 + 2 * 3) * 2);
  EXPECT_EQ(MinimumBytes(CanonicalProblem(
                "gemm { m: 2 n: 3 k: 5 epilogue { bias_mode: BIAS_MODE_PER_COLUMN bias_type: "
                "DATA_TYPE_FP32 source_mode: SOURCE_MODE_RESIDUAL aux_type: DATA_TYPE_FP32 } }")),
            (10 + 15 + 6 + 6) * 2 + 6 * 4 + 3 * 4);
  EXPECT_EQ(MinimumBytes(CanonicalProblem(
                "gemm { m: 2 n: 17 k: 5 batch: 3 epilogue { gradient: true bias_gradient: true "
                "dropout { probability: 0.5 store_mask: true } } }")),
            3 * (10 + 85 + 34) * 2 + 17 * 4 + 3 * 2 * 4);
}

}  // namespace
}  // namespace tilewright
