// The order in which the blocks of a grid walk the tiles of D. Plain C++ but for its qualifiers:
// tests/kernel_templates/walks_test.cc compiles it for the host and holds it against 64-bit
// arithmetic up to the largest sizes.
//
// Why 32 bits are enough, for extents below 2^31: CheckGrids (launch/plan/size_checks.h) refuses
// launches whose tiles, of all batches where one grid walks them, are 2^31 or more. CheckTileEnds
// refuses those whose last tile ends beyond 2^31. So numbers of tiles fit an int, and so do the
// rows and columns of every tile, also those beyond the edge of D.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_RASTER_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_RASTER_CUH_

#include "abi/ceil_div.h"

namespace tilewright {

struct TilePlace {
  int first_m;
  int first_n;
};

// Groups of `group` tiles of m are walked along n, tiles of m first: blocks that run at the
// same time share rows of A and columns of B in L2. A group has no more tiles than there are.
__device__ __forceinline__ TilePlace PlaceOfBlock(unsigned block, int m, int n, int tile_m,
                                                  int tile_n, int wanted_group) {
  const unsigned tiles_m = CeilDiv(m, tile_m);
  const unsigned tiles_n = CeilDiv(n, tile_n);
  const unsigned group =
      static_cast<unsigned>(wanted_group) < tiles_m ? static_cast<unsigned>(wanted_group) : tiles_m;
  const unsigned group_size = group * tiles_n;
  const unsigned group_index = block / group_size;
  const unsigned first = group_index * group;
  const unsigned height = tiles_m - first < group ? tiles_m - first : group;
  const unsigned inside = block - group_index * group_size;
  const unsigned column = inside / height;
  return {static_cast<int>((first + inside - column * height) * tile_m),
          static_cast<int>(column * tile_n)};
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_RASTER_CUH_
