#include "proto/problem/sizes.h"

#include <algorithm>

namespace tilewright {
namespace {

// ceil(extent / tile)
int64_t Tiles(int64_t extent, int64_t tile) {
  tile = std::max<int64_t>(tile, 1);
  return extent / tile + (extent % tile != 0 ? 1 : 0);
}

}  // namespace

int64_t TilesOf(int64_t m, int64_t n, int64_t batch, int64_t tile_m, int64_t tile_n) {
  constexpr __int128 kMost = static_cast<__int128>(1) << 62;
  // Each factor is below 2^31, and the product of the first two is below 2^62.
  const __int128 tiles =
      static_cast<__int128>(Tiles(m, tile_m)) * Tiles(n, tile_n) * std::max<int64_t>(batch, 1);
  return static_cast<int64_t>(std::min(tiles, kMost));
}

}  // namespace tilewright
