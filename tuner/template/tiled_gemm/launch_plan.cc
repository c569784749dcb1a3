#include "tuner/template/tiled_gemm/launch_plan.h"

#include "kernel_templates/abi/ceil_div.h"
#include "kernel_templates/abi/column_sums_config.h"
#include "kernel_templates/abi/split_epilogue_config.h"
#include "kernel_templates/abi/split_k_config.h"
#include "proto/problem/gemm/precision.h"
#include "tuner/template/launch_step.h"

namespace tilewright {
namespace {

v1::LaunchStep MainStep(const TiledLaunch& launch) {
  v1::LaunchStep step = TileStep(kGemmEntry, launch.threads, launch.tile_m, launch.tile_n);
  step.set_dynamic_shared_memory_bytes(launch.shared_memory_bytes);
  step.set_split_k(launch.split_k);
  return step;
}

v1::LaunchStep ReduceStep() {
  return TileStep(kReduceEntry, kReduceThreads, kReduceTileM, kReduceTileN);
}

v1::LaunchStep SplitEpilogueStep() {
  return TileStep(kSplitEpilogueEntry, kSplitEpilogueThreads, kSplitEpilogueTileM,
                  kSplitEpilogueTileN);
}

// Returns a step in which one block sums some columns of all of D.
v1::LaunchStep ColumnSumsStep() {
  v1::LaunchStep step =
      TileStep(kColumnSumsEntry, kColumnSumThreads, /*tile_m=*/1, kColumnSumColumns);
  step.set_grid_rule(v1::GRID_RULE_COLUMNS);
  return step;
}

v1::WorkspaceRegion ColumnSumsRegion(const TiledLaunch& launch) {
  v1::WorkspaceRegion region;
  region.set_rule(v1::WORKSPACE_REGION_RULE_COLUMNS);
  const int rows = launch.split_epilogue ? kSplitEpilogueTileM : launch.column_sum_rows;
  region.set_copies(static_cast<int>(CeilDiv(launch.tile_m, rows)));
  region.set_element_bytes(kPartialBytes);
  return region;
}

}  // namespace

v1::LaunchPlan PlanTiledGemm(const v1::GemmProblem& gemm, const TiledLaunch& launch) {
  v1::LaunchPlan plan;
  *plan.add_steps() = MainStep(launch);
  if (launch.split_k > 1) {
    *plan.add_steps() = ReduceStep();
    plan.mutable_workspace()->set_partial_copies(launch.split_k);
    plan.mutable_workspace()->set_element_bytes(kPartialBytes);
  }
  if (launch.split_epilogue) *plan.add_steps() = SplitEpilogueStep();
  if (gemm.epilogue().bias_gradient()) {
    *plan.add_steps() = ColumnSumsStep();
    *plan.mutable_workspace()->add_regions() = ColumnSumsRegion(launch);
  }
  plan.set_raster_group(launch.raster_group);
  return plan;
}

}  // namespace tilewright
