// Values worth trying for the run-time parameters that every tiled GEMM template has, and
// the constraints that all of them share. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_SPACE_TILE_DOMAIN_H_
#define TILEWRIGHT_TUNER_SPACE_TILE_DOMAIN_H_

#include <cstdint>
#include <vector>

#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/gemm/split_epilogue.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Grid x is at most 2^31 - 1, y and z 65535, and tiles end where numbers of rows and columns do:
// ceil(m / tile_m) * ceil(n / tile_n) < 2^31, split_k and batch < 2^16,
// ceil(m / (tile_m * cluster)) * tile_m * cluster <= 2^31, and so for n. `cluster`: its blocks.
bool FitsGrid(const v1::GemmProblem& gemm, int tile_m, int tile_n, int split_k, int cluster = 1);

// Every split has at least one stage of k: split_k <= ceil(k / tile_k).
bool SplitsHaveWork(const v1::GemmProblem& gemm, int tile_k, int split_k);

// Partials take at most a quarter of the device's memory:
// split_k * batch * m * n * 4 <= memory / 4 (not asked where k is not split).
bool FitsWorkspace(const v1::GemmProblem& gemm, const v1::Silicon& silicon, int split_k);

// The gradient of a bias is of the values that the main step computes: k is not split with it.
bool SumsColumnsOnce(const v1::GemmProblem& gemm, int split_k);

// The second launch of a split epilogue fits the grid, and k is not split with it: the reduction is
// an epilogue of its own.
bool SplitsEpilogueAlone(const v1::GemmProblem& gemm, int split_k);

// The first constraint that a config with split_epilogue breaks; null for none. All but
// SplitsEpilogueAlone are asked, by first_broken(gemm, config), of the GEMM that is left.
template <typename Config, typename FirstBroken>
const char* FirstBrokenOfSplit(const v1::GemmProblem& gemm, Config config,
                               const FirstBroken& first_broken) {
  if (config.split_epilogue != 1 || !SplitsEpilogueAlone(gemm, config.split_k)) {
    return "SplitsEpilogueAlone";
  }
  config.split_epilogue = 0;
  return first_broken(GemmOfSplit(gemm), config);
}

// Whether a tile of `tile` elements suits an extent: less than twice the extent rounded up to
// 32, for what lies beyond the edge is multiplied for nothing. (32 and not 16, the smallest
// tile, because a tile of 16 x 16 has no two warps to share it.)
bool TileSuits(int64_t extent, int tile);

// Whether tiles of this area are worth trying: where even tiles of 64 x 128 fill the GPU
// eight times over, smaller ones only move more bytes.
bool AreaSuits(const v1::GemmProblem& gemm, const v1::Silicon& silicon, int tile_m, int tile_n);

// 1, and where the grid is less than two blocks an SM: splits that make it at most four, keep
// at least 4 stages of k to a block, and fit.
std::vector<int> SplitsToTry(const v1::GemmProblem& gemm, const v1::Silicon& silicon, int tile_m,
                             int tile_n, int tile_k);

// The group that reads the fewest distinct bytes in a wave, its double, and 1 where the grid
// is longer than a wave; 1 alone where it is not, for then every order reads the same.
std::vector<int> RasterGroupsToTry(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                                   int tile_m, int tile_n, int split_k);

// The same of any grid of tiles of which `wave` run at once, groups being along the first
// dimension.
std::vector<int> RasterGroupsToTry(int64_t tiles_m, int64_t tiles_n, int tile_m, int tile_n,
                                   int64_t wave);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SPACE_TILE_DOMAIN_H_
