#ifndef TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_LAUNCH_PLAN_H_
#define TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_LAUNCH_PLAN_H_

#include <string_view>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The entry symbols of every GEMM template, extern "C".
inline constexpr std::string_view kGemmEntry = "tilewright_gemm";
inline constexpr std::string_view kReduceEntry = "tilewright_gemm_reduce";
inline constexpr std::string_view kSplitEpilogueEntry = "tilewright_split_epilogue";
inline constexpr std::string_view kColumnSumsEntry = "tilewright_column_sums";

// The facts about a config of any tiled GEMM template that a plan needs.
struct TiledLaunch {
  int tile_m = 0;
  int tile_n = 0;
  int threads = 0;
  int shared_memory_bytes = 0;
  int split_k = 1;
  int raster_group = 1;
  // Rows of D whose column sums make one partial sum, for a problem with a bias gradient.
  int column_sum_rows = 0;
  bool split_epilogue = false;
};

// Returns the plan of `launch` for the canonical `gemm`, without the version of its arguments and
// its requirements. It has one step. If k is split, a second step sums the partials in order and
// runs the epilogue once. If the epilogue is split, a second step runs it. For a bias gradient, a
// last step sums columns.
v1::LaunchPlan PlanTiledGemm(const v1::GemmProblem& gemm, const TiledLaunch& launch);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_LAUNCH_PLAN_H_
