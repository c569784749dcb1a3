// Dropout with what is done before and after it, in one pass over memory: a block has a tile of
// tile_m rows, whole rows where they are normalized, and walks it two rows at a time.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_FUSED_DROPOUT_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_FUSED_DROPOUT_CUH_

#include "common/cluster.cuh"
#include "dropout/backward.cuh"
#include "dropout/forward.cuh"
#include "dropout/fused_dropout_spec.cuh"
#include "dropout/row_walk.cuh"

namespace tilewright {

// The public members are what the entries below need.
template <FusedDropoutSpec kSpec, FusedDropoutConfig kConfig>
class FusedDropout {
 public:
  static constexpr FusedDropoutWork kWork = WorkOf(kSpec, kConfig);
  static constexpr int kThreads = kConfig.threads;
  static constexpr int kMinBlocks = MinBlocksPerSm(kConfig, kWork);

  __device__ __forceinline__ static void Run(const FusedDropoutArgs& args) {
    extern __shared__ __align__(16) float tilewright_shared_floats[];
    WaitForEarlierGrids();
    AllowLaterGrids();
    unsigned tile = blockIdx.x;
    unsigned first_column = 0;
    if constexpr (!Normalizes(kSpec)) {
      const RowTile at = RowTileOfBlock<HeldColumns(kConfig)>(blockIdx.x, args.columns);
      tile = at.tile;
      first_column = at.first_column;
    }
    if constexpr (kSpec.backward) {
      FusedDropoutBackward<kSpec, kConfig>::Run(args, tile, first_column, tilewright_shared_floats);
    } else {
      FusedDropoutForward<kSpec, kConfig>::Run(args, tile, first_column, tilewright_shared_floats);
    }
  }

  __device__ __forceinline__ static void Reduce(const FusedDropoutArgs& args) {
    // In this order, since blocks of the grid behind this one wait for its end all the same.
    AllowLaterGrids();
    WaitForEarlierGrids();
    float* targets[kWork.column_sums];
    int kind = 0;
    if constexpr (HasBias(kSpec)) targets[kind++] = args.bias_gradient;
    if constexpr (Normalizes(kSpec)) targets[kind++] = args.weight_gradient;
    if constexpr (Centers(kSpec)) targets[kind++] = args.shift_gradient;
    ReduceColumnSums<kConfig>(args, targets);
  }

 private:
  static_assert(IsLegal(kConfig, kWork));
};

}  // namespace tilewright

#define TILEWRIGHT_FUSED_DROPOUT_ENTRY(Variant)                                             \
  extern "C" __global__ void __launch_bounds__(Variant::kThreads, Variant::kMinBlocks)      \
      tilewright_fused_dropout(const __grid_constant__ tilewright::FusedDropoutArgs args) { \
    Variant::Run(args);                                                                     \
  }

// The second step of a form that gives sums of columns.
#define TILEWRIGHT_COLUMN_REDUCE_ENTRY(Variant)                                             \
  extern "C" __global__ void __launch_bounds__(tilewright::kColumnReduceThreads,            \
                                               tilewright::kColumnReduceBlocksPerSm)        \
      tilewright_column_reduce(const __grid_constant__ tilewright::FusedDropoutArgs args) { \
    Variant::Reduce(args);                                                                  \
  }

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_FUSED_DROPOUT_CUH_
