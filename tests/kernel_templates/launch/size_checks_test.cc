// What is refused of sizes, at and around the limits of grids, of 31 bits and of TMA.
#include "kernel_templates/launch/plan/size_checks.h"

#include <gtest/gtest.h>

#include <string>

#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "proto/problem/gemm/gemm_strides.h"
#include "tests/kernel_templates/launch/launch_fixture.h"

namespace tilewright {
namespace {

constexpr int64_t kMost = INT32_MAX;

v1::GemmProblem Shape(int64_t m, int64_t n, int64_t k, int64_t batch = 1) {
  v1::GemmProblem problem = Problem();
  problem.set_m(m);
  problem.set_n(n);
  problem.set_k(k);
  problem.set_batch(batch);
  return problem;
}

v1::LaunchPlan PlanOf(int tile_m, int tile_n, v1::GridRule rule = v1::GRID_RULE_TILES,
                      int cluster = 1) {
  v1::LaunchPlan plan = Plan();
  plan.mutable_requirements()->set_d_alignment(2);
  v1::LaunchStep& step = *plan.mutable_steps(0);
  step.set_tile_m(tile_m);
  step.set_tile_n(tile_n);
  step.set_grid_rule(rule);
  step.set_cluster_x(cluster);
  return plan;
}

TEST(TilesOfTest, CountsWithoutOverflow) {
  EXPECT_EQ(TilesOf(kMost, 1, 1, 128, 128), 1 << 24);
  EXPECT_EQ(TilesOf(kMost, kMost, 1, 1, 1), kMost * kMost);
  EXPECT_EQ(TilesOf(kMost, kMost, 65535, 1, 1), int64_t{1} << 62);
  EXPECT_EQ(TilesOf(129, 257, 3, 128, 256), 12);
}

TEST(CheckShapeTest, TheLargestSizesAreServed) {
  for (const auto& [m, n, k] :
       {std::tuple{kMost, int64_t{8}, int64_t{8}}, std::tuple{int64_t{8}, kMost, int64_t{8}},
        std::tuple{int64_t{8}, int64_t{8}, kMost - 7}}) {
    const absl::Status status = CheckShape(PlanOf(64, 64), Shape(m, n, k));
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_TRUE(CheckShape(PlanOf(128, 256, v1::GRID_RULE_PERSISTENT, 2), Shape(m, n, k)).ok());
  }
  EXPECT_TRUE(CheckShape(Plan(), Shape(64, 64, 64, 65535)).ok());
}

TEST(CheckShapeTest, GridsEndAtTheirLastBlock) {
  // 2^16 * (2^15 - 1) tiles, and 2^16 * 2^15.
  const int64_t m = int64_t{64} << 16;
  EXPECT_TRUE(CheckShape(Plan(), Shape(m, 64 * 32767, 8)).ok());
  const absl::Status status = CheckShape(Plan(), Shape(m, 64 * 32768, 8));
  ExpectBlames(status, "gemm.m", "GRID_TOO_LARGE");
  EXPECT_EQ(status.message(),
            "gemm.m: 4194304 x 2097152 are 2147483648 tiles of 64 x 64 for a grid of at most "
            "2147483647; split the problem");
}

TEST(CheckShapeTest, PersistentBlocksWalkAllBatchesInOneGrid) {
  const v1::GemmProblem problem = Shape(int64_t{64} << 10, 64 << 6, 64, 32768);
  EXPECT_TRUE(CheckShape(Plan(), problem).ok());
  ExpectBlames(CheckShape(PlanOf(64, 64, v1::GRID_RULE_PERSISTENT), problem), "gemm.m",
               "GRID_TOO_LARGE");
}

TEST(CheckShapeTest, TilesThatEndBeyond31BitsAreRefused) {
  ExpectBlames(CheckShape(PlanOf(192, 64), Shape(kMost, 8, 8)), "gemm.m", "GRID_TOO_LARGE");
  ExpectBlames(CheckShape(PlanOf(64, 192), Shape(8, kMost, 8)), "gemm.n", "GRID_TOO_LARGE");
  // 192 * 11184810 = 2^31 - 128.
  EXPECT_TRUE(CheckShape(PlanOf(192, 64), Shape(kMost - 127, 8, 8)).ok());
  EXPECT_FALSE(CheckShape(PlanOf(192, 64), Shape(kMost - 126, 8, 8)).ok());
}

TEST(CheckShapeTest, StridesThatTmaCannotFollowAreRefused) {
  v1::LaunchPlan plan = PlanOf(64, 64);
  plan.mutable_steps(0)->add_tensor_maps()->set_operand(v1::OPERAND_B);
  v1::GemmProblem problem = Problem();
  problem.set_ldb(int64_t{1} << 39);  // Elements of 2 bytes.
  ExpectBlames(CheckShape(plan, problem), "operands.b", "STRIDE_TOO_LARGE");
  problem.set_ldb((int64_t{1} << 39) - 8);
  EXPECT_TRUE(CheckShape(plan, problem).ok());
  // Nobody follows the stride of a single row.
  problem.set_ldb(int64_t{1} << 39);
  problem.set_n(1);
  EXPECT_TRUE(CheckShape(plan, problem).ok());
  problem.set_batch(2);
  problem.set_b_batch_stride(int64_t{1} << 39);
  ExpectBlames(CheckShape(plan, problem), "operands.b", "STRIDE_TOO_LARGE");
}

// The first batch would overwrite what the others still read.
TEST(CheckOperandsTest, ASourceThatAllBatchesShareIsNotD) {
  v1::GemmProblem problem = Shape(64, 64, 64, 2);
  problem.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  problem.mutable_epilogue()->set_source_type(v1::DATA_TYPE_BF16);
  GemmArguments operands = Operands();
  operands.c = operands.d;
  operands.beta = 1;
  EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
  problem.set_c_batch_stride(kSharedByBatches);
  ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.c", "IS_OUTPUT");
  operands.c = Address(0x60000);
  EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
}

}  // namespace
}  // namespace tilewright
