// Decides which tiles, and which values of the run-time parameters of every tiled GEMM template,
// are worth a try. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_RUN_VALUES_H_
#define TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_RUN_VALUES_H_

#include <cstdint>
#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Tells if a tile of `tile` elements suits an extent: it is less than twice the extent rounded up
// to 32, because multiplications beyond the edge are wasted. (It is 32 and not 16, the smallest
// tile, because a tile of 16 x 16 cannot be shared by two warps.)
bool TileSuits(int64_t extent, int tile);

// Tells if tiles of this area are worth a try. If tiles of 64 x 128 already fill the GPU eight
// times, smaller ones only move more bytes.
bool AreaSuits(const v1::GemmProblem& gemm, const v1::Silicon& silicon, int tile_m, int tile_n);

// Returns 1 and, if the grid is less than two blocks per SM, splits that make it at most four per
// SM, leave each block at least 4 stages of k, and fit.
std::vector<int> SplitsToTry(const v1::GemmProblem& gemm, const v1::Silicon& silicon, int tile_m,
                             int tile_n, int tile_k);

// Returns the group that reads the fewest distinct bytes in a wave, its double, and 1, if the grid
// is longer than a wave. Otherwise returns only 1, because then every order reads the same.
std::vector<int> RasterGroupsToTry(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                                   int tile_m, int tile_n, int split_k);

// The same for any grid of tiles, of which `wave` run at once. Groups lie along the first
// dimension.
std::vector<int> RasterGroupsToTry(int64_t tiles_m, int64_t tiles_n, int tile_m, int tile_n,
                                   int64_t wave);

// Adds `c` with every split and every order worth a try.
template <typename Config>
void AddRuns(const v1::GemmProblem& gemm, const v1::Silicon& silicon, Config c,
             std::vector<Config>& configs) {
  for (const int split : SplitsToTry(gemm, silicon, c.tile_m, c.tile_n, c.tile_k)) {
    for (const int group : RasterGroupsToTry(gemm, silicon, c.tile_m, c.tile_n, split)) {
      c.split_k = split;
      c.raster_group = group;
      configs.push_back(c);
    }
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_TILED_GEMM_RUN_VALUES_H_
