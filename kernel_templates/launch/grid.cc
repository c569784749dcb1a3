#include <algorithm>

#include "kernel_templates/launch/kernel_launcher.h"

namespace tilewright {
namespace {

int64_t CeilDivide(int64_t value, int64_t divisor) { return (value + divisor - 1) / divisor; }

}  // namespace

GridSize GridFor(const v1::LaunchStep& step, const v1::GemmProblem& problem, int sm_count) {
  if (step.grid_rule() == v1::GRID_RULE_COLUMNS) {
    GridSize grid;
    grid.x = static_cast<unsigned>(CeilDivide(problem.n(), std::max(step.tile_n(), 1)));
    return grid;
  }
  const int64_t cluster = std::max(step.cluster_x(), 1);
  const int64_t tiles = CeilDivide(problem.m(), std::max(step.tile_m(), 1)) *
                        CeilDivide(problem.n(), std::max(step.tile_n(), 1));
  // The driver wants whole clusters; blocks past the last tile have nothing to do.
  const int64_t batch = std::max<int64_t>(problem.batch(), 1);
  const bool is_persistent = step.grid_rule() == v1::GRID_RULE_PERSISTENT;
  int64_t x = CeilDivide(tiles, cluster) * cluster;
  if (is_persistent) {
    const int64_t resident = static_cast<int64_t>(sm_count) * std::max(step.blocks_per_sm(), 1) /
                             std::max(step.split_k(), 1) / cluster * cluster;
    // A cluster may hang over the edges with all its blocks but one.
    x = std::min(tiles * batch * cluster, std::max(resident, cluster));
  }
  GridSize grid;
  // CheckShape has refused more; the bound keeps the conversion defined for any caller.
  grid.x = static_cast<unsigned>(std::min<int64_t>(x, INT32_MAX));
  grid.y = static_cast<unsigned>(std::max(step.split_k(), 1));
  grid.z = is_persistent ? 1 : static_cast<unsigned>(batch);
  return grid;
}

}  // namespace tilewright
