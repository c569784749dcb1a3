// Shares of k, in tiles. Plain C++ but for its qualifiers, as raster.cuh.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_DEPTH_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_DEPTH_CUH_

#include "abi/ceil_div.h"

namespace tilewright {

// Tiles of k that one block takes.
struct DepthRange {
  int first;
  int count;
};

// Block `split` of `splits`; shares differ by at most one tile and may be empty. `first` is at most
// `tiles`. A tile of k is a power of two, so that `tiles` of them end at 2^31 or before: where each
// begins fits an int.
__device__ __forceinline__ DepthRange ShareOfDepth(int tiles, int split, int splits) {
  const int quotient = tiles / splits;
  const int remainder = tiles % splits;
  return {split * quotient + (split < remainder ? split : remainder),
          quotient + (split < remainder ? 1 : 0)};
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_DEPTH_CUH_
