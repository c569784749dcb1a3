#include "kernel_templates/launch/plan/check_plan.h"

#include <gtest/gtest.h>

#include <climits>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kernel_templates/abi/kernel_args.h"
#include "kernel_templates/launch/plan/workspace_layout.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/problem/sizes.h"
#include "proto/support/errors.h"
#include "tests/kernel_templates/launch/launch_fixture.h"

namespace tilewright {
namespace {

using Change = std::function<void(v1::LaunchPlan&)>;

// Every field that can be wrong, with the path that the error has to name.
std::vector<std::pair<std::string, Change>> Faults() {
  const auto step = [](auto change) {
    return [change](v1::LaunchPlan& plan) { change(*plan.mutable_steps(0)); };
  };
  const auto needs = [](auto change) {
    return [change](v1::LaunchPlan& plan) { change(*plan.mutable_requirements()); };
  };
  const auto map = [](auto change) {
    return [change](v1::LaunchPlan& plan) {
      v1::TensorMapSpec& spec = *plan.mutable_steps(0)->add_tensor_maps();
      spec.set_operand(v1::OPERAND_A);
      spec.set_box_inner(64);
      spec.set_box_outer(64);
      spec.set_swizzle_bytes(128);
      change(spec);
    };
  };
  const auto region = [](auto change) {
    return [change](v1::LaunchPlan& plan) {
      v1::WorkspaceRegion& added = *plan.mutable_workspace()->add_regions();
      added.set_rule(v1::WORKSPACE_REGION_RULE_COLUMNS);
      added.set_copies(1);
      added.set_element_bytes(4);
      change(added);
    };
  };
  std::vector<std::pair<std::string, Change>> faults = {
      {"arguments_version", [](auto& plan) { plan.set_arguments_version(0); }},
      {"arguments_version", [](auto& plan) { plan.set_arguments_version(INT_MAX); }},
      {"steps", [](auto& plan) { plan.clear_steps(); }},
      {"steps",
       [](auto& plan) {
         for (int i = 0; i < 1000; ++i) *plan.add_steps() = v1::LaunchStep(plan.steps(0));
       }},
      {"raster_group", [](auto& plan) { plan.set_raster_group(-1); }},
      {"raster_group", [](auto& plan) { plan.set_raster_group(INT_MAX); }},
      {"steps[0].grid_rule", step([](auto& s) { s.clear_grid_rule(); })},
      {"steps[0].grid_rule", step([](auto& s) { s.set_grid_rule(v1::GridRule(99)); })},
      {"steps[0].cluster_x", step([](auto& s) {
         s.set_cluster_x(16);
         s.set_cluster_y(16);
       })},
      {"workspace.partial_copies", [](auto& plan) { plan.mutable_steps(0)->set_split_k(4); }},
      {"workspace.partial_copies",
       [](auto& plan) {
         plan.mutable_workspace()->set_partial_copies(3);
         plan.mutable_workspace()->set_element_bytes(4);
       }},
      {"workspace.partial_copies",
       [](auto& plan) { plan.mutable_workspace()->set_partial_copies(INT_MAX); }},
      {"workspace.partial_copies",
       [](auto& plan) { plan.mutable_workspace()->set_partial_copies(-1); }},
      {"workspace.element_bytes",
       [](auto& plan) { plan.mutable_workspace()->set_element_bytes(INT_MAX); }},
      {"workspace.regions[0].copies", region([](auto& r) { r.set_copies(0); })},
      {"workspace.regions[0].copies", region([](auto& r) { r.set_copies(INT_MAX); })},
      {"steps[0].tensor_maps[0].operand", map([](auto& m) { m.clear_operand(); })},
      {"steps[0].tensor_maps[0].operand", map([](auto& m) { m.set_operand(v1::OPERAND_BIAS); })},
      {"steps[0].tensor_maps[0].operand", map([](auto& m) { m.set_operand(v1::Operand(77)); })},
      {"steps[0].tensor_maps[0].box_inner", map([](auto& m) { m.set_box_inner(0); })},
      {"steps[0].tensor_maps[0].box_inner", map([](auto& m) { m.set_box_inner(257); })},
      {"steps[0].tensor_maps[0].box_outer", map([](auto& m) { m.set_box_outer(-1); })},
      {"steps[0].tensor_maps[0].swizzle_bytes", map([](auto& m) { m.set_swizzle_bytes(16); })},
      {"steps[0].tensor_maps",
       [](auto& plan) {
         for (int i = 0; i < 9; ++i) plan.mutable_steps(0)->add_tensor_maps();
       }},
      {"requirements.n_limit", needs([](auto& n) { n.set_n_limit(-1); })},
      {"requirements.n_limit", needs([](auto& n) { n.set_n_limit(INT64_MAX); })},
  };
  for (const char* symbol : {"", "1st", "a b", "a;b", "a\nb", "../x", "\xc3\xa9"}) {
    faults.emplace_back("steps[0].entry_symbol",
                        step([symbol](auto& s) { s.set_entry_symbol(symbol); }));
  }
  faults.emplace_back("steps[0].entry_symbol",
                      step([](auto& s) { s.set_entry_symbol(std::string(300, 'a')); }));
  for (const int threads : {INT_MIN, -32, 0, 1, 31, 33, 1000, 1056, 2048, INT_MAX}) {
    faults.emplace_back("steps[0].block_threads",
                        step([threads](auto& s) { s.set_block_threads(threads); }));
  }
  for (const int value : {INT_MIN, -5, INT_MAX}) {
    faults.emplace_back("steps[0].cluster_x", step([value](auto& s) { s.set_cluster_x(value); }));
    faults.emplace_back("steps[0].cluster_y", step([value](auto& s) { s.set_cluster_y(value); }));
    faults.emplace_back("steps[0].tile_m", step([value](auto& s) { s.set_tile_m(value); }));
    faults.emplace_back("steps[0].split_k", step([value](auto& s) { s.set_split_k(value); }));
    faults.emplace_back("steps[0].blocks_per_sm",
                        step([value](auto& s) { s.set_blocks_per_sm(value); }));
    faults.emplace_back("steps[0].registers_per_thread",
                        step([value](auto& s) { s.set_registers_per_thread(value); }));
    faults.emplace_back("steps[0].spill_bytes",
                        step([value](auto& s) { s.set_spill_bytes(value); }));
    faults.emplace_back("steps[0].dynamic_shared_memory_bytes",
                        step([value](auto& s) { s.set_dynamic_shared_memory_bytes(value); }));
    faults.emplace_back("steps[0].static_shared_memory_bytes",
                        step([value](auto& s) { s.set_static_shared_memory_bytes(value); }));
    faults.emplace_back("requirements.m_divisor",
                        needs([value](auto& n) { n.set_m_divisor(value); }));
    faults.emplace_back("requirements.n_divisor",
                        needs([value](auto& n) { n.set_n_divisor(value); }));
    faults.emplace_back("requirements.k_divisor",
                        needs([value](auto& n) { n.set_k_divisor(value); }));
    faults.emplace_back("requirements.a_alignment",
                        needs([value](auto& n) { n.set_a_alignment(value); }));
    faults.emplace_back("requirements.bias_alignment",
                        needs([value](auto& n) { n.set_bias_alignment(value); }));
  }
  faults.emplace_back("requirements.d_alignment", needs([](auto& n) { n.set_d_alignment(24); }));
  for (const int tile : {0, -5, INT_MIN}) {
    faults.emplace_back("steps[0].tile_m", step([tile](auto& s) { s.set_tile_m(tile); }));
    faults.emplace_back("steps[0].tile_n", step([tile](auto& s) { s.set_tile_n(tile); }));
  }
  return faults;
}

TEST(CheckPlanTest, AcceptsAWellFormedPlan) {
  EXPECT_TRUE(CheckPlan(Plan()).ok());
  v1::LaunchPlan split = Plan();
  split.mutable_steps(0)->set_split_k(4);
  split.mutable_workspace()->set_partial_copies(4);
  split.mutable_workspace()->set_element_bytes(4);
  EXPECT_TRUE(CheckPlan(split).ok());
}

TEST(CheckPlanTest, EveryFieldIsBoundedAndNamed) {
  for (const auto& [field, change] : Faults()) {
    v1::LaunchPlan plan = Plan();
    change(plan);
    SCOPED_TRACE(plan.ShortDebugString());
    ExpectBlames(CheckPlan(plan), "launch_plan." + field, "MALFORMED_PLAN");
  }
}

TEST(CheckPlanTest, ATileMayBeWholeRows) {
  v1::LaunchPlan plan = Plan();
  plan.mutable_steps(0)->set_tile_n(kWholeRow);
  EXPECT_TRUE(CheckPlan(plan).ok());
}

// The kernels write the sum itself; an alpha that is silently left out would be a wrong result.
TEST(CheckPlanTest, RegionsThatNobodyProvidesAreRefused) {
  v1::LaunchPlan plan = Plan();
  plan.mutable_workspace()->add_regions()->set_rule(v1::WORKSPACE_REGION_RULE_TILES);
  const absl::Status status = CheckPlan(plan);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "WORKSPACE_NOT_SUPPORTED");
}

TEST(CheckPlanTest, StepsOfColumnsHaveNeitherClustersNorSplits) {
  v1::LaunchPlan plan = Plan();
  plan.mutable_steps(0)->set_grid_rule(v1::GRID_RULE_COLUMNS);
  EXPECT_TRUE(CheckPlan(plan).ok());
  plan.mutable_steps(0)->set_split_k(2);
  ExpectBlames(CheckPlan(plan), "launch_plan.steps[0].grid_rule", "MALFORMED_PLAN");
  plan.mutable_steps(0)->set_split_k(1);
  plan.mutable_steps(0)->set_cluster_x(2);
  ExpectBlames(CheckPlan(plan), "launch_plan.steps[0].grid_rule", "MALFORMED_PLAN");
}

TEST(CheckArgumentsVersionTest, RefusesAnotherVersion) {
  v1::LaunchPlan plan = Plan();
  EXPECT_TRUE(CheckArgumentsVersion(plan, kGemmArgsVersion).ok());
  plan.set_arguments_version(kGemmArgsVersion + 1);
  EXPECT_TRUE(CheckPlan(plan).ok()) << "a tool may hold it for a program that can launch it";
  const absl::Status status = CheckArgumentsVersion(plan, kGemmArgsVersion);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "ARGUMENTS_VERSION_MISMATCH");
}

// The largest plan that is accepted, on the largest problem: the size is bounded, not wrapped.
TEST(CheckPlanTest, WorkspacesOfAcceptedPlansNeverOverflow) {
  v1::LaunchPlan plan = Plan();
  plan.mutable_steps(0)->set_tile_m(1);
  plan.mutable_steps(0)->set_split_k(65535);
  plan.mutable_workspace()->set_partial_copies(65535);
  plan.mutable_workspace()->set_element_bytes(4);
  v1::WorkspaceRegion& region = *plan.mutable_workspace()->add_regions();
  region.set_rule(v1::WORKSPACE_REGION_RULE_COLUMNS);
  region.set_copies(65535);
  region.set_element_bytes(4);
  ASSERT_TRUE(CheckPlan(plan).ok());
  v1::GemmProblem problem = Problem();
  problem.set_m(INT_MAX);
  problem.set_n(INT_MAX);
  problem.set_batch(65535);
  EXPECT_EQ(WorkspaceBytesFor(plan, ShapeOf(problem)), int64_t{1} << 60);
}

}  // namespace
}  // namespace tilewright
