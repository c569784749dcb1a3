#ifndef TILEWRIGHT_TUNER_SPACE_LAUNCH_PLAN_H_
#define TILEWRIGHT_TUNER_SPACE_LAUNCH_PLAN_H_

#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// What a plan needs to know of a config of any tiled GEMM template.
struct TiledLaunch {
  int tile_m = 0;
  int tile_n = 0;
  int threads = 0;
  int shared_memory_bytes = 0;
  int split_k = 1;
  int raster_group = 1;
  // Rows of D whose column sums are one partial sum: of a problem with a bias gradient.
  int column_sum_rows = 0;
  bool split_epilogue = false;
};

// What gemm_sm90 adds.
struct WarpgroupLaunch {
  TiledLaunch tiled;
  int cluster_blocks = 1;
  bool raster_along_n = false;
  std::vector<v1::TensorMapSpec> tensor_maps;
};

// The plan of `launch` for the canonical `gemm`: one step; where k is split a second one that sums
// the partials in order and runs the epilogue once, or one that runs it where it is split; and for
// a bias gradient one that sums columns.
v1::LaunchPlan PlanTiledGemm(const v1::GemmProblem& gemm, const TiledLaunch& launch);

// As PlanTiledGemm, of persistent blocks, every step starting as the one before it ends.
v1::LaunchPlan PlanWarpgroupGemm(const v1::GemmProblem& gemm, const WarpgroupLaunch& launch);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SPACE_LAUNCH_PLAN_H_
