#include <gtest/gtest.h>

#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "proto/problem/gemm/gemm_strides.h"
#include "tests/kernel_templates/launch/launch_fixture.h"

namespace tilewright {
namespace {

float* Floats(uintptr_t value) { return static_cast<float*>(Address(value)); }

// Operands that a caller may pass whatever the problem has.
GemmArguments Everything() {
  GemmArguments operands = Operands();
  operands.mask = Address(0x1000);
  operands.bias_gradient = Floats(0x2000);
  operands.device_alpha = Floats(0x3000);
  operands.device_beta = Floats(0x4000);
  operands.workspace = Address(0x5000);
  operands.seed = 11;
  operands.offset = 13;
  return operands;
}

TEST(PackArgumentsTest, WhatTheProblemDoesNotHaveIsNull) {
  const GemmArgs args = Pack(Plan(), Problem(), Everything());
  EXPECT_EQ(args.mask, nullptr);
  EXPECT_EQ(args.bias_gradient, nullptr);
  EXPECT_EQ(args.column_sums, nullptr);
  EXPECT_EQ(args.device_alpha, nullptr);
  EXPECT_EQ(args.device_beta, nullptr);
  EXPECT_EQ(args.keys.low[0], 0u);
  EXPECT_EQ(args.offset, 0u);
  EXPECT_EQ(args.dropout_offset, 0u);
  EXPECT_EQ(args.dropout_scale, 0.0f);
}

TEST(PackArgumentsTest, WhatAllBatchesShareHasAStrideOfZero) {
  v1::GemmProblem problem = Problem();
  problem.set_batch(3);
  problem.set_a_batch_stride(kSharedByBatches);
  const GemmArgs args = Pack(Plan(), problem, Everything());
  EXPECT_EQ(args.batch, 3);
  EXPECT_EQ(args.a_batch_stride, 0);
  EXPECT_EQ(args.b_batch_stride, 64 * 64);
}

TEST(PackArgumentsTest, DropoutIsThatOfTheQuantisedProbability) {
  v1::GemmProblem problem = Problem();
  v1::Dropout& dropout = *problem.mutable_epilogue()->mutable_dropout();
  dropout.set_probability(0.1);
  GemmArgs args = Pack(Plan(), problem, Everything());
  EXPECT_EQ(args.dropout_offset, (32768u - 3277) * 0x10001);
  EXPECT_EQ(args.dropout_scale, 32768.0f / (32768 - 3277));
  EXPECT_EQ(args.kept_share, (32768 - 3277) / 32768.0f);
  EXPECT_EQ(args.keys.low[0], 11u);
  EXPECT_EQ(args.offset, 13u);
  EXPECT_EQ(args.mask, nullptr);
  dropout.set_probability(1);
  dropout.set_store_mask(true);
  args = Pack(Plan(), problem, Everything());
  EXPECT_EQ(args.dropout_offset, 0u);
  EXPECT_EQ(args.dropout_scale, 0.0f);
  EXPECT_EQ(args.mask, Address(0x1000));
}

TEST(PackArgumentsTest, StochasticRoundingTakesSeedAndOffset) {
  v1::GemmProblem problem = Problem();
  problem.mutable_epilogue()->set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC);
  const GemmArgs args = Pack(Plan(), problem, Everything());
  EXPECT_EQ(args.keys.low[0], 11u);
  EXPECT_EQ(args.offset, 13u);
}

TEST(PackArgumentsTest, GradientsAndScalarsInDeviceMemoryArePassed) {
  v1::GemmProblem problem = Problem();
  problem.mutable_epilogue()->set_gradient(true);
  problem.mutable_epilogue()->set_bias_gradient(true);
  problem.mutable_epilogue()->set_device_scalars(true);
  problem.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  problem.mutable_epilogue()->set_source_type(problem.d_type());
  v1::LaunchPlan plan = Plan();
  plan.mutable_workspace()->set_partial_copies(1);
  plan.mutable_workspace()->set_element_bytes(4);
  v1::WorkspaceRegion& region = *plan.mutable_workspace()->add_regions();
  region.set_rule(v1::WORKSPACE_REGION_RULE_COLUMNS);
  region.set_copies(1);
  region.set_element_bytes(4);
  const GemmArgs args = Pack(plan, problem, Everything());
  EXPECT_EQ(args.bias_gradient, Floats(0x2000));
  EXPECT_EQ(args.column_sums, Floats(0x5000 + 64 * 64 * 4));
  EXPECT_EQ(args.device_alpha, Floats(0x3000));
  EXPECT_EQ(args.device_beta, Floats(0x4000));
  problem.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_NONE);
  EXPECT_EQ(Pack(plan, problem, Everything()).device_beta, nullptr);
}

}  // namespace
}  // namespace tilewright
