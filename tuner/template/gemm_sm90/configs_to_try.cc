#include "tuner/template/gemm_sm90/configs_to_try.h"

#include <algorithm>
#include <cstdint>

#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/data_type.h"
#include "proto/problem/gemm/epilogue_parts.h"
#include "proto/problem/gemm/precision.h"
#include "tuner/template/gemm_sm90/rules.h"
#include "tuner/template/tiled_gemm/rules.h"
#include "tuner/template/tiled_gemm/run_values.h"

namespace tilewright::sm90 {
namespace {

struct Schedule {
  int core_rows;
  int consumers;
  int ping_pong;
};
constexpr Schedule kSchedules[] = {{128, 2, 1}, {192, 2, 1}, {128, 2, 0}, {256, 2, 0},
                                   {64, 2, 1},  {64, 1, 0},  {128, 1, 0}};
// Sums in fp16 need fewer registers, so this schedule fits.
constexpr Schedule kFp16Schedules[] = {{256, 2, 1}};
// The parameters that decide the precision. Those that the problem admits are tried.
constexpr struct {
  int promote;
  int products;
  int fp16_sums;
} kPrecisions[] = {{0, 1, 0}, {1, 1, 0}, {0, 3, 0}, {1, 3, 0}, {0, 1, 1}};
// Columns are tried in steps of 8, so that a grid of tiles can fill whole waves.
constexpr int kFewestColumns = 32;
constexpr int kMostColumns = 256;
constexpr int kColumnStep = 8;
// Up to this many rows of D, tiles of fewer columns pay if the core computes D^T.
constexpr int kFewRows = 128;
constexpr struct {
  int m;
  int n;
  int k;
} kClusters[] = {{1, 1, 1}, {2, 1, 1}, {1, 2, 1}, {1, 1, 2}, {1, 1, 4}};

// Splits of k that fill the GPU more often than this only add partials to sum.
constexpr int kMostWavesOfSplits = 2;

// TMA copies an operand along m or n in boxes of a swizzle span. Narrow boxes mean many copies.
bool BoxesAreWide(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  constexpr int kWide = 64;
  const int bytes = StorageBytes(gemm.a_type());
  return (AIsKMajor(gemm) || Sm90RowBytes(c.tile_m, bytes) >= std::min(kWide, c.tile_m * bytes)) &&
         (BIsKMajor(gemm) || Sm90RowBytes(c.tile_n, bytes) >= std::min(kWide, c.tile_n * bytes));
}

// Visits the most stages that fit, at most 8. If the epilogue is slow, also visits the most stages
// that leave room for more of its staging buffers.
template <typename Visit>
void WithStages(const v1::GemmProblem& gemm, const v1::Silicon& silicon, GemmSm90Config c,
                const Visit& visit) {
  constexpr int kMostStages = 8;
  constexpr int kFewestStages = 4;
  const auto buffers = [&] { return StagingBuffers(c, StorePathFor(gemm, c)); };
  for (c.stages = kMostStages; c.stages >= 2; --c.stages) {
    if (FirstBroken(AllRules(), gemm, silicon, c) == nullptr) break;
  }
  if (c.stages < 2) return;
  visit(c);
  const int fewest = buffers();
  if (!HasActivation(gemm.epilogue()) && !HasDropout(gemm.epilogue())) return;
  for (--c.stages; c.stages >= kFewestStages; --c.stages) {
    if (buffers() > std::max(fewest, 2)) return visit(c);
  }
}

// Returns the share of the multiplications in all waves that lie within D.
double Filling(const v1::GemmProblem& gemm, const v1::Silicon& silicon, const GemmSm90Config& c) {
  const int64_t blocks = CeilDiv(gemm.m(), c.tile_m * c.cluster_m) * c.cluster_m *
                         CeilDiv(gemm.n(), c.tile_n * c.cluster_n) * c.cluster_n * gemm.batch() *
                         c.cluster_k;
  const int64_t waves = CeilDiv(blocks, std::max(silicon.sm_count(), 1));
  return static_cast<double>(gemm.m()) * static_cast<double>(gemm.n()) *
         static_cast<double>(gemm.batch()) /
         (static_cast<double>(waves * silicon.sm_count()) * c.tile_m * c.tile_n);
}

// Blocks may share k if the grid leaves the GPU idle otherwise and each block gets some stages.
bool SharesKInOneWave(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                      const GemmSm90Config& c) {
  constexpr int kFewestStages = 4;
  const int64_t tiles = CeilDiv(gemm.m(), c.tile_m) * CeilDiv(gemm.n(), c.tile_n) * gemm.batch();
  // Clusters of 4 do not fill every GPC: on an H100, 32 of them take two waves.
  const int64_t at_once = c.cluster_k > 2 ? silicon.sm_count() * 7 / 8 : silicon.sm_count();
  return tiles * c.cluster_k <= at_once &&
         CeilDiv(gemm.k(), TileK(gemm)) >= int64_t{kFewestStages} * c.cluster_k;
}

// Tells if the tile is the smallest for a D with few rows and columns. The core's rows come in 64s.
bool IsLeastTile(const v1::GemmProblem& gemm, const GemmSm90Config& c) {
  return CoreRows(c) == 64 && !TileSuits(gemm.m(), 64) && !TileSuits(gemm.n(), 64) &&
         TileSuits(c.swap_ab ? gemm.m() : gemm.n(), CoreColumns(c));
}

bool TilesSuit(const v1::GemmProblem& gemm, const v1::Silicon& silicon, const GemmSm90Config& c) {
  return (IsLeastTile(gemm, c) ||
          (TileSuits(gemm.m(), c.tile_m) && TileSuits(gemm.n(), c.tile_n))) &&
         (gemm.m() <= kFewRows || AreaSuits(gemm, silicon, c.tile_m, c.tile_n)) &&
         (c.cluster_m == 1 || gemm.m() > c.tile_m) && (c.cluster_n == 1 || gemm.n() > c.tile_n) &&
         (c.cluster_k == 1 || SharesKInOneWave(gemm, silicon, c));
}

// Returns every shape, schedule and cluster of `c`'s precision that is worth a try, with split_k
// and raster_group 1.
std::vector<GemmSm90Config> ConfigsWithoutSplits(const v1::GemmProblem& gemm,
                                                 const v1::Silicon& silicon, GemmSm90Config c) {
  std::vector<GemmSm90Config> configs;
  double best = 0;
  const auto consider = [&](const Schedule& schedule, int columns, bool swap) {
    c.tile_m = swap ? columns : schedule.core_rows;
    c.tile_n = swap ? schedule.core_rows : columns;
    c.stages = 2;
    c.consumers = schedule.consumers;
    c.ping_pong = schedule.ping_pong;
    c.swap_ab = swap ? 1 : 0;
    for (const auto& cluster : kClusters) {
      c.cluster_m = cluster.m;
      c.cluster_n = cluster.n;
      c.cluster_k = cluster.k;
      if (!TilesSuit(gemm, silicon, c) || !BoxesAreWide(gemm, c)) continue;
      WithStages(gemm, silicon, c, [&](const GemmSm90Config& config) {
        configs.push_back(config);
        best = std::max(best, Filling(gemm, silicon, config));
      });
    }
  };
  const int fewest_swapped = gemm.m() <= kFewRows ? kColumnStep : kFewestColumns;
  const auto consider_all = [&](const Schedule& schedule) {
    for (int columns = kFewestColumns; columns <= kMostColumns; columns += kColumnStep) {
      consider(schedule, columns, false);
    }
    for (int columns = fewest_swapped; columns <= kMostColumns; columns += kColumnStep) {
      consider(schedule, columns, true);
    }
  };
  for (const Schedule& schedule : kSchedules) consider_all(schedule);
  if (c.fp16_sums) {
    for (const Schedule& schedule : kFp16Schedules) consider_all(schedule);
  }
  // If several waves run, tiles cannot win that leave much of the last wave idle or extend far
  // beyond the edges.
  constexpr double kLeastFilling = 0.85;
  constexpr double kAmple = 0.75;
  if (best > kAmple) {
    std::erase_if(configs, [&](const GemmSm90Config& config) {
      return Filling(gemm, silicon, config) < kLeastFilling * best;
    });
  }
  return configs;
}

// Sets split_k and the raster of `c` to all values worth a try.
template <typename Visit>
void ForEachSplitAndRaster(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                           GemmSm90Config c, const Visit& visit) {
  const int rows = c.tile_m * c.cluster_m;
  const int columns = c.tile_n * c.cluster_n;
  const int64_t tiles_m = CeilDiv(gemm.m(), rows);
  const int64_t tiles_n = CeilDiv(gemm.n(), columns);
  const int64_t blocks = tiles_m * tiles_n * gemm.batch() * ClusterBlocks(c);
  for (const int split : SplitsToTry(gemm, silicon, rows, columns, TileK(gemm))) {
    if (split > 1 && c.cluster_k > 1) break;
    // Each SM runs one block.
    if (split > 1 && blocks * split > kMostWavesOfSplits * int64_t{silicon.sm_count()}) break;
    c.split_k = split;
    c.raster_group = 1;
    c.raster_along_n = 0;
    // Storing partial sums takes more registers than storing a plain D.
    if (FirstBroken(AllRules(), gemm, silicon, c) != nullptr) continue;
    const int64_t wave = silicon.sm_count() / ClusterBlocks(c);
    if (split > 1 || tiles_m * tiles_n <= wave) {
      visit(c);
      continue;
    }
    for (const int group : RasterGroupsToTry(tiles_m, tiles_n, rows, columns, wave)) {
      c.raster_group = group;
      visit(c);
    }
    c.raster_along_n = 1;
    for (const int group : RasterGroupsToTry(tiles_n, tiles_m, columns, rows, wave)) {
      c.raster_group = group;
      visit(c);
    }
  }
}

}  // namespace

std::vector<GemmSm90Config> ConfigsToTry(const v1::GemmProblem& gemm, const v1::Silicon& silicon) {
  std::vector<GemmSm90Config> configs;
  for (const auto& [promote, products, fp16_sums] : kPrecisions) {
    GemmSm90Config precision{};
    precision.promote = promote;
    precision.products = products;
    precision.fp16_sums = fp16_sums;
    precision.split_k = 1;
    precision.raster_group = 1;
    if (!Admits(gemm, PrecisionOf(gemm, precision))) continue;
    for (const GemmSm90Config& whole : ConfigsWithoutSplits(gemm, silicon, precision)) {
      ForEachSplitAndRaster(gemm, silicon, whole,
                            [&](const GemmSm90Config& config) { configs.push_back(config); });
    }
  }
  return configs;
}

}  // namespace tilewright::sm90
