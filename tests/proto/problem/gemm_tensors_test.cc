#include "proto/problem/gemm/gemm_tensors.h"

#include <gtest/gtest.h>

#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/gemm_strides.h"

namespace tilewright {
namespace {

v1::GemmProblem Problem() {
  v1::GemmProblem problem;
  problem.set_m(10);
  problem.set_n(20);
  problem.set_k(30);
  problem.set_batch(1);
  problem.set_a_type(v1::DATA_TYPE_BF16);
  problem.set_b_type(v1::DATA_TYPE_BF16);
  problem.set_d_type(v1::DATA_TYPE_FP32);
  problem.set_a_layout(v1::OPERAND_LAYOUT_NORMAL);
  problem.set_b_layout(v1::OPERAND_LAYOUT_TRANSPOSED);
  return problem;
}

TEST(OperandLayoutTest, LayoutLettersDecideRowsAndColumns) {
  v1::GemmProblem problem = Problem();
  EXPECT_EQ(LayoutOf(problem, v1::OPERAND_A).rows, 10);
  EXPECT_EQ(LayoutOf(problem, v1::OPERAND_A).columns, 30);
  EXPECT_EQ(LayoutOf(problem, v1::OPERAND_B).rows, 20);
  EXPECT_EQ(LayoutOf(problem, v1::OPERAND_B).columns, 30);
  problem.set_a_layout(v1::OPERAND_LAYOUT_TRANSPOSED);
  problem.set_b_layout(v1::OPERAND_LAYOUT_NORMAL);
  EXPECT_EQ(LayoutOf(problem, v1::OPERAND_A).rows, 30);
  EXPECT_EQ(LayoutOf(problem, v1::OPERAND_A).columns, 10);
  EXPECT_EQ(LayoutOf(problem, v1::OPERAND_B).rows, 30);
  EXPECT_EQ(LayoutOf(problem, v1::OPERAND_B).columns, 20);
}

TEST(OperandLayoutTest, SpanEndsAtTheLastElementNotAtThePadding) {
  v1::GemmProblem problem = Problem();
  problem.set_ldd(24);
  problem.set_batch(3);
  problem.set_d_batch_stride(1000);
  const MatrixLayout d = LayoutOf(problem, v1::OPERAND_D);
  EXPECT_EQ(d.SpanBytes(), (2 * 1000 + 9 * 24 + 20) * 4);
}

TEST(OperandLayoutTest, PackedBatchesFollowTheRowStride) {
  v1::GemmProblem problem = Problem();
  problem.set_batch(2);
  problem.set_lda(32);
  EXPECT_EQ(LayoutOf(problem, v1::OPERAND_A).batch_stride, 320);
}

TEST(OperandLayoutTest, WhatAllBatchesShareIsStoredOnce) {
  v1::GemmProblem problem = Problem();
  problem.set_batch(1000);
  problem.set_lda(32);
  problem.set_a_batch_stride(kSharedByBatches);
  const MatrixLayout a = LayoutOf(problem, v1::OPERAND_A);
  EXPECT_EQ(a.batch, 1);
  EXPECT_EQ(a.batch_stride, 0);
  EXPECT_EQ(a.SpanBytes(), (9 * 32 + 30) * StorageBytes(problem.a_type()));
  EXPECT_EQ(LayoutOf(problem, v1::OPERAND_B).batch, 1000);
}

TEST(OperandLayoutTest, OptionalOperandsAreUnusedUntilAsked) {
  v1::GemmProblem problem = Problem();
  EXPECT_FALSE(LayoutOf(problem, v1::OPERAND_C).used());
  EXPECT_FALSE(LayoutOf(problem, v1::OPERAND_AUX).used());
  EXPECT_EQ(LayoutOf(problem, v1::OPERAND_AUX).SpanBytes(), 0);
  EXPECT_EQ(BiasElements(problem), 0);
  problem.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_RESIDUAL);
  problem.mutable_epilogue()->set_source_type(v1::DATA_TYPE_BF16);
  problem.mutable_epilogue()->set_aux_type(v1::DATA_TYPE_FP16);
  problem.mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_ROW);
  EXPECT_TRUE(LayoutOf(problem, v1::OPERAND_C).used());
  EXPECT_EQ(LayoutOf(problem, v1::OPERAND_AUX).SpanBytes(), 10 * 20 * 2);
  EXPECT_EQ(BiasElements(problem), 10);
}

// Counts the bytes of the mask that a launch stores.
int64_t MaskBytes(const v1::GemmProblem& problem) {
  int64_t bytes = 0;
  for (const TensorUse& use : TensorsOf(problem)) {
    if (GemmTensorOf(use) == GemmTensor::kMask) bytes += use.layout.SpanBytes();
  }
  return bytes;
}

TEST(OperandLayoutTest, StoredMasksHaveWholeBlocksOfColumns) {
  v1::GemmProblem problem = Problem();
  v1::Dropout& dropout = *problem.mutable_epilogue()->mutable_dropout();
  dropout.set_store_mask(true);
  EXPECT_EQ(MaskBytes(problem), 0);
  dropout.set_probability(0.5);
  problem.set_batch(3);
  EXPECT_EQ(MaskBytes(problem), 3 * 10 * 4);
  dropout.set_store_mask(false);
  EXPECT_EQ(MaskBytes(problem), 0);
}

TEST(OperandLayoutTest, DropoutAndStochasticRoundingUseRandomBits) {
  v1::GemmProblem problem = Problem();
  EXPECT_FALSE(UsesRandomBits(problem.epilogue()));
  problem.mutable_epilogue()->mutable_dropout()->set_probability(0.5);
  EXPECT_TRUE(UsesRandomBits(problem.epilogue()));
  problem = Problem();
  problem.mutable_epilogue()->set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC);
  EXPECT_TRUE(UsesRandomBits(problem.epilogue()));
}

}  // namespace
}  // namespace tilewright
