#include "kernel_templates/launch/launch_checks.h"

#include <gtest/gtest.h>

#include <limits>

#include "proto/support/errors.h"

namespace tilewright {
namespace {

v1::LaunchPlan Plan() {
  v1::LaunchPlan plan;
  plan.set_arguments_version(kGemmArgsVersion);
  v1::LaunchStep& step = *plan.add_steps();
  step.set_entry_symbol("tilewright_gemm");
  step.set_block_threads(128);
  step.set_grid_rule(v1::GRID_RULE_TILES);
  step.set_tile_m(64);
  step.set_tile_n(64);
  step.set_split_k(1);
  v1::Requirements& needs = *plan.mutable_requirements();
  needs.set_a_alignment(16);
  needs.set_b_alignment(16);
  needs.set_d_alignment(4);
  needs.set_k_divisor(8);
  return plan;
}

v1::GemmProblem Problem() {
  v1::GemmProblem problem;
  problem.set_m(64);
  problem.set_n(64);
  problem.set_k(64);
  problem.set_batch(1);
  problem.set_a_type(v1::DATA_TYPE_BF16);
  problem.set_b_type(v1::DATA_TYPE_BF16);
  problem.set_d_type(v1::DATA_TYPE_BF16);
  problem.set_a_layout(v1::OPERAND_LAYOUT_NORMAL);
  problem.set_b_layout(v1::OPERAND_LAYOUT_TRANSPOSED);
  return problem;
}

void* Address(uintptr_t value) { return reinterpret_cast<void*>(value); }

GemmOperands Operands() {
  GemmOperands operands;
  operands.a = Address(0x10000);
  operands.b = Address(0x20000);
  operands.d = Address(0x30000);
  return operands;
}

std::string FieldOf(const absl::Status& status) {
  const auto info = ErrorInfoOf(status);
  if (!info || info->metadata().count("field") == 0) return "";
  return info->metadata().at("field");
}

void ExpectBlames(const absl::Status& status, const std::string& field,
                  const std::string& reason) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(FieldOf(status), field) << status;
  EXPECT_EQ(ReasonOf(status), reason) << status;
}

TEST(CheckPlanTest, AcceptsAWellFormedPlan) { EXPECT_TRUE(CheckPlan(Plan()).ok()); }

TEST(CheckPlanTest, RefusesAnotherArgumentsVersion) {
  v1::LaunchPlan plan = Plan();
  plan.set_arguments_version(kGemmArgsVersion + 1);
  const absl::Status status = CheckPlan(plan);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "ARGUMENTS_VERSION_MISMATCH");
}

TEST(CheckPlanTest, NamesTheMalformedField) {
  v1::LaunchPlan plan = Plan();
  plan.mutable_steps(0)->set_block_threads(2048);
  ExpectBlames(CheckPlan(plan), "launch_plan.steps[0].block_threads", "MALFORMED_PLAN");
  plan = Plan();
  plan.mutable_steps(0)->set_tile_m(0);
  ExpectBlames(CheckPlan(plan), "launch_plan.steps[0].tile_m", "MALFORMED_PLAN");
  plan = Plan();
  plan.mutable_steps(0)->clear_grid_rule();
  ExpectBlames(CheckPlan(plan), "launch_plan.steps[0].grid_rule", "MALFORMED_PLAN");
  plan = Plan();
  plan.clear_steps();
  ExpectBlames(CheckPlan(plan), "launch_plan.steps", "MALFORMED_PLAN");
}

TEST(CheckArchitectureTest, NativeCodeRunsOnItsMajorVersionFromItsMinorOn) {
  EXPECT_TRUE(CheckArchitecture("sm_80", 80).ok());
  EXPECT_TRUE(CheckArchitecture("sm_80", 86).ok());
  EXPECT_FALSE(CheckArchitecture("sm_86", 80).ok());
  EXPECT_FALSE(CheckArchitecture("sm_80", 90).ok());
}

TEST(CheckArchitectureTest, SpecificCodeRunsOnExactlyItsOwn) {
  EXPECT_TRUE(CheckArchitecture("sm_90a", 90).ok());
  EXPECT_TRUE(CheckArchitecture("sm_120a", 120).ok());
  EXPECT_FALSE(CheckArchitecture("sm_100a", 103).ok());
  EXPECT_FALSE(CheckArchitecture("sm_", 90).ok());
  EXPECT_FALSE(CheckArchitecture("", 90).ok());
}

TEST(CheckShapeTest, DimensionsAreBoundedAndDivisible) {
  v1::GemmProblem problem = Problem();
  EXPECT_TRUE(CheckShape(Plan(), problem).ok());
  problem.set_m(0);
  ExpectBlames(CheckShape(Plan(), problem), "gemm.m", "OUT_OF_RANGE");
  problem = Problem();
  problem.set_n(int64_t{1} << 31);
  ExpectBlames(CheckShape(Plan(), problem), "gemm.n", "OUT_OF_RANGE");
  problem = Problem();
  problem.set_k(60);
  problem.set_lda(64);
  problem.set_ldb(64);
  ExpectBlames(CheckShape(Plan(), problem), "gemm.k", "NOT_DIVISIBLE");
}

TEST(CheckShapeTest, StridesAreWideEnoughAndAligned) {
  v1::GemmProblem problem = Problem();
  problem.set_lda(65);
  ExpectBlames(CheckShape(Plan(), problem), "gemm.lda", "MISALIGNED_STRIDE");
  problem.set_lda(32);
  ExpectBlames(CheckShape(Plan(), problem), "gemm.lda", "STRIDE_TOO_SMALL");
  problem = Problem();
  problem.set_batch(2);
  problem.set_b_batch_stride(64 * 64 + 4);
  ExpectBlames(CheckShape(Plan(), problem), "gemm.b_batch_stride", "MISALIGNED_STRIDE");
}

TEST(CheckShapeTest, MoreTilesThanAGridHoldsAreRefused) {
  v1::LaunchPlan plan = Plan();
  plan.mutable_steps(0)->set_tile_m(1);
  plan.mutable_steps(0)->set_tile_n(1);
  v1::GemmProblem problem = Problem();
  problem.set_m(1 << 20);
  problem.set_n(1 << 20);
  ExpectBlames(CheckShape(plan, problem), "gemm.m", "GRID_TOO_LARGE");
}

TEST(CheckShapeTest, WhatIsNotLaunchedYetIsUnimplemented) {
  v1::GemmProblem problem = Problem();
  problem.mutable_epilogue()->set_device_scalars(true);
  EXPECT_EQ(CheckShape(Plan(), problem).code(), absl::StatusCode::kUnimplemented);
}

TEST(CheckOperandsTest, NullAndMisalignedPointersAreNamed) {
  GemmOperands operands = Operands();
  EXPECT_TRUE(CheckOperands(Plan(), Problem(), operands).ok());
  operands.b = nullptr;
  ExpectBlames(CheckOperands(Plan(), Problem(), operands), "operands.b", "NULL_POINTER");
  operands = Operands();
  operands.a = Address(0x10008);
  ExpectBlames(CheckOperands(Plan(), Problem(), operands), "operands.a", "MISALIGNED_POINTER");
  operands = Operands();
  operands.d = Address(0x30002);
  ExpectBlames(CheckOperands(Plan(), Problem(), operands), "operands.d", "MISALIGNED_POINTER");
}

TEST(CheckOperandsTest, AlignmentIsAtLeastTheElement) {
  v1::LaunchPlan plan = Plan();
  plan.mutable_requirements()->set_a_alignment(0);
  GemmOperands operands = Operands();
  operands.a = Address(0x10001);
  ExpectBlames(CheckOperands(plan, Problem(), operands), "operands.a", "MISALIGNED_POINTER");
}

TEST(CheckOperandsTest, EpilogueOperandsAreNeededOnlyWhereUsed) {
  v1::GemmProblem problem = Problem();
  v1::Epilogue& epilogue = *problem.mutable_epilogue();
  epilogue.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  epilogue.set_bias_type(v1::DATA_TYPE_FP32);
  ExpectBlames(CheckOperands(Plan(), problem, Operands()), "operands.bias", "NULL_POINTER");
  problem = Problem();
  problem.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  problem.mutable_epilogue()->set_source_type(v1::DATA_TYPE_BF16);
  ExpectBlames(CheckOperands(Plan(), problem, Operands()), "operands.c", "NULL_POINTER");
  problem = Problem();
  problem.mutable_epilogue()->set_aux_type(v1::DATA_TYPE_BF16);
  ExpectBlames(CheckOperands(Plan(), problem, Operands()), "operands.aux", "NULL_POINTER");
  problem = Problem();
  problem.mutable_epilogue()->set_amax(true);
  ExpectBlames(CheckOperands(Plan(), problem, Operands()), "operands.amax", "NULL_POINTER");
  problem = Problem();
  problem.mutable_epilogue()->set_non_finite_flag(true);
  ExpectBlames(CheckOperands(Plan(), problem, Operands()), "operands.non_finite",
               "NULL_POINTER");
}

// The kernels write the sum itself; an alpha that is silently left out would be a wrong result.
TEST(CheckOperandsTest, IntegerOutputsTakeNoAlpha) {
  v1::GemmProblem problem = Problem();
  problem.set_d_type(v1::DATA_TYPE_INT32);
  GemmOperands operands = Operands();
  EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
  operands.alpha = 2.0f;
  ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.alpha", "SCALAR_NOT_EXACT");
}

TEST(CheckPlanTest, RegionsThatNobodyProvidesAreRefused) {
  v1::LaunchPlan plan = Plan();
  plan.mutable_workspace()->add_regions()->set_rule(v1::WORKSPACE_REGION_RULE_TILES);
  const absl::Status status = CheckPlan(plan);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "WORKSPACE_NOT_SUPPORTED");
}

TEST(CheckOperandsTest, WorkspaceIsBigEnoughAndThere) {
  v1::LaunchPlan plan = Plan();
  plan.mutable_workspace()->set_partial_copies(4);
  plan.mutable_workspace()->set_element_bytes(4);
  EXPECT_EQ(WorkspaceBytesFor(plan, Problem()), 4 * 4 * 64 * 64);
  v1::GemmProblem huge = Problem();
  huge.set_m(2147483647);
  huge.set_n(2147483647);
  EXPECT_EQ(WorkspaceBytesFor(plan, huge), int64_t{1} << 60);
  GemmOperands operands = Operands();
  operands.workspace_bytes = 4 * 4 * 64 * 64 - 1;
  ExpectBlames(CheckOperands(plan, Problem(), operands), "operands.workspace_bytes",
               "WORKSPACE_TOO_SMALL");
  operands.workspace_bytes += 1;
  ExpectBlames(CheckOperands(plan, Problem(), operands), "operands.workspace", "NULL_POINTER");
  operands.workspace = Address(0x40008);
  ExpectBlames(CheckOperands(plan, Problem(), operands), "operands.workspace",
               "MISALIGNED_POINTER");
  operands.workspace = Address(0x40010);
  EXPECT_TRUE(CheckOperands(plan, Problem(), operands).ok());
}

}  // namespace
}  // namespace tilewright
