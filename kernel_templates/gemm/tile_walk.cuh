// The tiles that a persistent block computes, one after the other. Plain C++ but for its
// qualifiers, as raster.cuh.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_TILE_WALK_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_TILE_WALK_CUH_

#include "abi/kernel_args.h"
#include "gemm/raster.cuh"

namespace tilewright {

// kTileM, kTileN: of a whole cluster. Places count clusters, of all batches in turn. There are
// fewer than 2^31 of them (raster.cuh says why), and a step is no longer than a grid, so that a
// place and two steps beyond the last one fit an unsigned number.
template <int kTileM, int kTileN>
class TileWalk {
 public:
  // offset_m, offset_n: of the block's tile in its cluster's.
  __device__ __forceinline__ TileWalk(const GemmArgs& args, unsigned first, int offset_m,
                                      int offset_n)
      : args_(args),
        offset_m_(offset_m),
        offset_n_(offset_n),
        per_batch_(static_cast<unsigned>(CeilDiv(args.m, kTileM)) *
                   static_cast<unsigned>(CeilDiv(args.n, kTileN))),
        place_(first) {}

  __device__ __forceinline__ bool AtEnd() const { return place_ >= per_batch_ * args_.batch; }
  __device__ __forceinline__ void Next(unsigned step) { place_ += step; }
  __device__ __forceinline__ int Batch() const {
    return static_cast<int>(args_.batch == 1 ? 0 : place_ / per_batch_);
  }
  __device__ __forceinline__ TilePlace Place() const {
    const unsigned place = args_.batch == 1 ? place_ : place_ % per_batch_;
    TilePlace at;
    if (args_.raster_along_n != 0) {
      const TilePlace turned =
          PlaceOfBlock(place, args_.n, args_.m, kTileN, kTileM, args_.raster_group);
      at = {turned.first_n, turned.first_m};
    } else {
      at = PlaceOfBlock(place, args_.m, args_.n, kTileM, kTileN, args_.raster_group);
    }
    return {at.first_m + offset_m_, at.first_n + offset_n_};
  }

 private:
  const GemmArgs& args_;
  const int offset_m_;
  const int offset_n_;
  const unsigned per_batch_;
  unsigned place_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_TILE_WALK_CUH_
