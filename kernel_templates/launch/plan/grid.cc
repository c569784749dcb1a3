#include "kernel_templates/launch/plan/grid.h"

#include <algorithm>

#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/sizes.h"

namespace tilewright {

GridSize GridFor(const v1::LaunchStep& step, const ProblemShape& shape, int sm_count) {
  if (step.grid_rule() == v1::GRID_RULE_COLUMNS) {
    GridSize grid;
    grid.x = static_cast<unsigned>(CeilDiv(shape.n, std::max(step.tile_n(), 1)));
    return grid;
  }
  const int64_t cluster = std::max(step.cluster_x(), 1);
  // Each is below 2^31 for a checked shape. The bound keeps the arithmetic defined for any caller.
  const auto bounded = [](int64_t tiles) { return std::min(tiles, kMaxGridX); };
  const int64_t batch = shape.batch;
  const int64_t tiles = bounded(TilesOf(shape.m, shape.n, 1, step.tile_m(), step.tile_n()));
  const bool is_persistent = step.grid_rule() == v1::GRID_RULE_PERSISTENT;
  // The driver needs whole clusters. Blocks after the last tile have nothing to do.
  int64_t x = CeilDiv(tiles, cluster) * cluster;
  if (is_persistent) {
    const int64_t resident = static_cast<int64_t>(sm_count) * std::max(step.blocks_per_sm(), 1) /
                             std::max(step.split_k(), 1) / cluster * cluster;
    // At an edge, all blocks of a cluster but one may be outside the matrix.
    x = std::min(tiles * batch * cluster, std::max(resident, cluster));
  }
  GridSize grid;
  grid.x = static_cast<unsigned>(bounded(x));
  grid.y = static_cast<unsigned>(std::max(step.split_k(), 1));
  grid.z = is_persistent ? 1 : static_cast<unsigned>(batch);
  return grid;
}

}  // namespace tilewright
