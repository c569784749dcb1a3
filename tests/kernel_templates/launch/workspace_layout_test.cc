#include "kernel_templates/launch/plan/workspace_layout.h"

#include <gtest/gtest.h>

#include "proto/problem/gemm/gemm_tensors.h"
#include "tests/kernel_templates/launch/launch_fixture.h"

namespace tilewright {
namespace {

v1::WorkspaceRegion& AddColumnSums(v1::LaunchPlan& plan, int copies) {
  v1::WorkspaceRegion& region = *plan.mutable_workspace()->add_regions();
  region.set_rule(v1::WORKSPACE_REGION_RULE_COLUMNS);
  region.set_copies(copies);
  region.set_element_bytes(4);
  return region;
}

v1::LaunchPlan Split() {
  v1::LaunchPlan plan = Plan();
  plan.mutable_workspace()->set_partial_copies(4);
  plan.mutable_workspace()->set_element_bytes(4);
  return plan;
}

TEST(WorkspaceLayoutTest, PartialsAreCopiesOfD) {
  EXPECT_EQ(WorkspaceBytesFor(Plan(), ShapeOf(Problem())), 0);
  EXPECT_EQ(WorkspaceBytesFor(Split(), ShapeOf(Problem())), 4 * 4 * 64 * 64);
  EXPECT_FALSE(LayOutWorkspace(Split(), ShapeOf(Problem())).has_column_sums);
}

TEST(WorkspaceLayoutTest, ColumnSumsAreAloneAtTheStart) {
  v1::LaunchPlan plan = Plan();
  AddColumnSums(plan, 2);
  v1::GemmProblem problem = Problem();
  problem.set_m(65);  // Two tiles.
  problem.set_n(63);
  problem.set_batch(3);
  const WorkspaceLayout layout = LayOutWorkspace(plan, ShapeOf(problem));
  EXPECT_TRUE(layout.has_column_sums);
  EXPECT_EQ(layout.column_sums, 0);
  EXPECT_EQ(layout.bytes, 2 * 3 * 2 * 63 * 4);
}

TEST(WorkspaceLayoutTest, ColumnSumsFollowPartialsAtAMultipleOf256) {
  v1::LaunchPlan plan = Split();
  AddColumnSums(plan, 1);
  v1::GemmProblem problem = Problem();
  problem.set_m(5);
  problem.set_n(7);
  const WorkspaceLayout layout = LayOutWorkspace(plan, ShapeOf(problem));
  EXPECT_EQ(layout.column_sums, 768);  // 4 * 4 * 5 * 7 = 560 bytes of partials.
  EXPECT_EQ(layout.bytes, 768 + 7 * 4);
}

TEST(WorkspaceLayoutTest, WhatNoGpuHoldsIsTheMost) {
  v1::LaunchPlan plan = Split();
  AddColumnSums(plan, 2147483647);
  v1::GemmProblem huge = Problem();
  huge.set_m(2147483647);
  huge.set_n(2147483647);
  huge.set_batch(65535);
  EXPECT_EQ(WorkspaceBytesFor(plan, ShapeOf(huge)), int64_t{1} << 60);
}

TEST(WorkspaceLayoutTest, RegionsThatNobodyProvidesAreRefused) {
  v1::LaunchPlan good = Plan();
  AddColumnSums(good, 1);
  EXPECT_TRUE(CheckWorkspace(good).ok());

  v1::LaunchPlan locks = Plan();
  locks.mutable_workspace()->add_regions()->set_rule(v1::WORKSPACE_REGION_RULE_TILES);
  v1::LaunchPlan two = good;
  AddColumnSums(two, 1);
  v1::LaunchPlan zeroed = Plan();
  AddColumnSums(zeroed, 1).set_zeroed(true);
  v1::LaunchPlan doubles = Plan();
  AddColumnSums(doubles, 1).set_element_bytes(8);
  for (const v1::LaunchPlan& plan : {locks, two, zeroed, doubles}) {
    const absl::Status status = CheckWorkspace(plan);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(status), "WORKSPACE_NOT_SUPPORTED");
  }
  v1::LaunchPlan none = Plan();
  AddColumnSums(none, 0);
  ExpectBlames(CheckWorkspace(none), "launch_plan.workspace.regions[0].copies", "MALFORMED_PLAN");
}

}  // namespace
}  // namespace tilewright
