#include "tuner/template/tiled_gemm/run_values.h"

#include <algorithm>
#include <limits>

#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/sizes.h"
#include "tuner/template/tiled_gemm/rules.h"

namespace tilewright {
namespace {

constexpr int kTileUnit = 32;
constexpr int kMinStagesToSplit = 4;
constexpr int kMaxBlocksPerSm = 4;
constexpr int kSplits[] = {2, 3, 4, 6, 8, 12, 16, 24, 32};
constexpr int kRasterGroups[] = {1, 2, 4, 8, 16};

int64_t Tiles(const v1::GemmProblem& gemm, int tile_m, int tile_n) {
  return TilesOf(gemm.m(), gemm.n(), /*batch=*/1, tile_m, tile_n);
}

}  // namespace

bool TileSuits(int64_t extent, int tile) {
  return tile < 2 * CeilDiv(extent, kTileUnit) * kTileUnit;
}

bool AreaSuits(const v1::GemmProblem& gemm, const v1::Silicon& silicon, int tile_m, int tile_n) {
  constexpr int kAmpleArea = 64 * 128;
  constexpr int kAmpleWaves = 8;
  const int64_t area = static_cast<int64_t>(tile_m) * tile_n;
  const int64_t ample_tiles = CeilDiv(gemm.m(), 64) * CeilDiv(gemm.n(), 128) * gemm.batch();
  return area >= kAmpleArea ||
         ample_tiles <= kAmpleWaves * static_cast<int64_t>(silicon.sm_count()) ||
         !TileSuits(gemm.m(), 64) || !TileSuits(gemm.n(), 64);
}

std::vector<int> SplitsToTry(const v1::GemmProblem& gemm, const v1::Silicon& silicon, int tile_m,
                             int tile_n, int tile_k) {
  std::vector<int> splits = {1};
  const int64_t blocks = Tiles(gemm, tile_m, tile_n) * gemm.batch();
  const int64_t sms = silicon.sm_count();
  const int64_t stages = CeilDiv(gemm.k(), tile_k);
  for (const int split : kSplits) {
    if (blocks * split > kMaxBlocksPerSm * sms || stages < kMinStagesToSplit * split) break;
    if (FitsWorkspace(gemm, silicon, split) && SumsColumnsOnce(gemm, split)) {
      splits.push_back(split);
    }
  }
  return splits;
}

std::vector<int> RasterGroupsToTry(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                                   int tile_m, int tile_n, int split_k) {
  if (split_k > 1) return {1};
  return RasterGroupsToTry(CeilDiv(gemm.m(), tile_m), CeilDiv(gemm.n(), tile_n), tile_m, tile_n,
                           std::max(silicon.sm_count(), 1));
}

std::vector<int> RasterGroupsToTry(int64_t tiles_m, int64_t tiles_n, int tile_m, int tile_n,
                                   int64_t wave) {
  if (tiles_m * tiles_n <= wave) return {1};
  int best = 1;
  int64_t fewest = std::numeric_limits<int64_t>::max();
  for (const int group : kRasterGroups) {
    const int64_t elements = static_cast<int64_t>(group) * tile_m + CeilDiv(wave, group) * tile_n;
    if (group <= tiles_m && elements < fewest) {
      fewest = elements;
      best = group;
    }
  }
  std::vector<int> groups = {best};
  if (2 * best <= std::min<int64_t>(tiles_m, 16)) groups.push_back(2 * best);
  if (best != 1) groups.push_back(1);
  return groups;
}

}  // namespace tilewright
