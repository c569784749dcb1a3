#include "kernel_templates/launch/plan/grid.h"

#include <gtest/gtest.h>

namespace tilewright {
namespace {

v1::LaunchStep Step(v1::GridRule rule, int tile_m, int tile_n) {
  v1::LaunchStep step;
  step.set_grid_rule(rule);
  step.set_tile_m(tile_m);
  step.set_tile_n(tile_n);
  step.set_split_k(1);
  return step;
}

ProblemShape Shape(int64_t m, int64_t n, int64_t batch = 1) { return {m, n, 64, batch}; }

TEST(GridForTest, TilesCoverTheOutputWithRaggedEdges) {
  const GridSize grid = GridFor(Step(v1::GRID_RULE_TILES, 128, 64), Shape(257, 65, 3), 132);
  EXPECT_EQ(grid.x, 3u * 2u);
  EXPECT_EQ(grid.y, 1u);
  EXPECT_EQ(grid.z, 3u);
}

TEST(GridForTest, OneElementNeedsOneBlock) {
  const GridSize grid = GridFor(Step(v1::GRID_RULE_TILES, 256, 256), Shape(1, 1), 132);
  EXPECT_EQ(grid.x, 1u);
}

TEST(GridForTest, SplitsGoAlongY) {
  v1::LaunchStep step = Step(v1::GRID_RULE_TILES, 128, 128);
  step.set_split_k(5);
  EXPECT_EQ(GridFor(step, Shape(128, 128), 132).y, 5u);
}

TEST(GridForTest, PersistentStopsAtTheResidentBlocks) {
  v1::LaunchStep step = Step(v1::GRID_RULE_PERSISTENT, 128, 128);
  step.set_blocks_per_sm(2);
  EXPECT_EQ(GridFor(step, Shape(8192, 8192), 132).x, 264u);
  EXPECT_EQ(GridFor(step, Shape(256, 256), 132).x, 4u);
}

TEST(GridForTest, PersistentBlocksWalkAllBatches) {
  const v1::LaunchStep step = Step(v1::GRID_RULE_PERSISTENT, 128, 128);
  EXPECT_EQ(GridFor(step, Shape(256, 256, 5), 132).x, 20u);
  EXPECT_EQ(GridFor(step, Shape(256, 256, 5), 132).z, 1u);
  EXPECT_EQ(GridFor(step, Shape(256, 256, 500), 132).x, 132u);
}

TEST(GridForTest, PersistentSplitsShareTheGpu) {
  v1::LaunchStep step = Step(v1::GRID_RULE_PERSISTENT, 128, 128);
  step.set_split_k(3);
  const GridSize grid = GridFor(step, Shape(8192, 8192), 132);
  EXPECT_EQ(grid.x, 44u);
  EXPECT_EQ(grid.y, 3u);
}

TEST(GridForTest, ClustersAreWhole) {
  v1::LaunchStep step = Step(v1::GRID_RULE_TILES, 128, 128);
  step.set_cluster_x(2);
  EXPECT_EQ(GridFor(step, Shape(128, 3 * 128), 132).x, 4u);
  step.set_grid_rule(v1::GRID_RULE_PERSISTENT);
  step.set_blocks_per_sm(1);
  EXPECT_EQ(GridFor(step, Shape(8192, 8192), 133).x, 132u);
  // Three tiles of n are two clusters for each tile of m, if clusters lie along n.
  EXPECT_EQ(GridFor(step, Shape(128, 3 * 128), 132).x, 6u);
}

TEST(GridForTest, ColumnsAreOneBlockForAllRowsAndBatches) {
  const GridSize grid = GridFor(Step(v1::GRID_RULE_COLUMNS, 1, 32), Shape(4096, 65, 3), 132);
  EXPECT_EQ(grid.x, 3u);
  EXPECT_EQ(grid.y, 1u);
  EXPECT_EQ(grid.z, 1u);
}

TEST(GridForTest, TileCountsPastThirtyTwoBitsDoNotWrap) {
  const GridSize grid = GridFor(Step(v1::GRID_RULE_TILES, 1, 1), Shape(1 << 20, 1 << 20), 1);
  EXPECT_EQ(grid.x, 2147483647u);
}

}  // namespace
}  // namespace tilewright
