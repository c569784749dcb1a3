// The order in which the blocks of a grid walk the tiles of D.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_RASTER_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_RASTER_CUH_

namespace tilewright {

struct TilePlace {
  int first_m;
  int first_n;
};

// Groups of `group` tiles of m are walked along n, tiles of m first: blocks that run at the
// same time share rows of A and columns of B in L2.
__device__ __forceinline__ TilePlace PlaceOfBlock(unsigned block, int m, int n, int tile_m,
                                                  int tile_n, int wanted_group) {
  const unsigned tiles_m = (static_cast<unsigned>(m) + tile_m - 1) / tile_m;
  const unsigned tiles_n = (static_cast<unsigned>(n) + tile_n - 1) / tile_n;
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
