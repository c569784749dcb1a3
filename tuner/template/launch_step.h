#ifndef TILEWRIGHT_TUNER_TEMPLATE_LAUNCH_STEP_H_
#define TILEWRIGHT_TUNER_TEMPLATE_LAUNCH_STEP_H_

#include <string>
#include <string_view>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// Returns a step with one block for each tile, without a cluster.
inline v1::LaunchStep TileStep(std::string_view symbol, int threads, int tile_m, int tile_n) {
  v1::LaunchStep step;
  step.set_entry_symbol(std::string(symbol));
  step.set_block_threads(threads);
  step.set_cluster_x(1);
  step.set_cluster_y(1);
  step.set_grid_rule(v1::GRID_RULE_TILES);
  step.set_tile_m(tile_m);
  step.set_tile_n(tile_n);
  step.set_split_k(1);
  return step;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_LAUNCH_STEP_H_
