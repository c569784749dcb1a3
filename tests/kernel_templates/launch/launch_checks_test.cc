#include "kernel_templates/launch/plan/launch_checks.h"

#include <gtest/gtest.h>

#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "proto/support/errors.h"
#include "tests/kernel_templates/launch/launch_fixture.h"

namespace tilewright {
namespace {

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
}

TEST(CheckArchitectureTest, CodeOfAFamilyRunsAsCheckCubinAcceptsIt) {
  EXPECT_TRUE(CheckArchitecture("sm_100f", 100).ok());
  EXPECT_TRUE(CheckArchitecture("sm_100f", 103).ok());
  EXPECT_FALSE(CheckArchitecture("sm_100f", 120).ok());
}

TEST(CheckArchitectureTest, OtherNamesRunNowhere) {
  for (const char* name : {"", "sm_", "sm_9", "sm_90b", "sm_+90", "sm_ 90", "sm_-1"}) {
    EXPECT_EQ(ReasonOf(CheckArchitecture(name, 90)), "ARCHITECTURE_MISMATCH") << name;
  }
}

TEST(CheckShapeTest, DimensionsAreDivisible) {
  v1::GemmProblem problem = Problem();
  EXPECT_TRUE(CheckShape(Plan(), problem).ok());
  problem.set_k(60);
  problem.set_lda(64);
  problem.set_ldb(64);
  ExpectBlames(CheckShape(Plan(), problem), "gemm.k", "NOT_DIVISIBLE");
}

TEST(CheckShapeTest, StridesAreAligned) {
  v1::GemmProblem problem = Problem();
  problem.set_lda(65);
  ExpectBlames(CheckShape(Plan(), problem), "gemm.lda", "MISALIGNED_STRIDE");
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

TEST(CheckShapeTest, StepsOfColumnsHaveNoTilesToCount) {
  v1::LaunchPlan plan = Plan();
  plan.mutable_steps(0)->set_grid_rule(v1::GRID_RULE_COLUMNS);
  plan.mutable_steps(0)->set_tile_m(1);
  plan.mutable_steps(0)->set_tile_n(1);
  v1::GemmProblem problem = Problem();
  problem.set_m(1 << 20);
  problem.set_n(1 << 20);
  EXPECT_TRUE(CheckShape(plan, problem).ok());
}

}  // namespace
}  // namespace tilewright
