// Scales of 1x128 blocks of A and 128x128 blocks of B along k, fp32 from device memory, as one
// consumer thread of gemm_sm90 needs them: an fp8 stage is one block deep. Laid out as cublasLt
// has them (cuBLAS 13, "Scaling Factors Layouts"):
//   A: [batch][ceil(k / 128)][m]
//   B: [batch][ceil(n / 128)][ceil(k / 128) rounded up to a multiple of 4]
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_BLOCK_SCALES_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_BLOCK_SCALES_CUH_

#include "abi/gemm_sm90_config.h"
#include "abi/kernel_args.h"
#include "common/memory.cuh"
#include "gemm/raster.cuh"

namespace tilewright {

// Of products without scales: they are added as they are.
template <GemmSm90Config kConfig>
struct UnitScales {
  struct Values {};

  __device__ __forceinline__ Values Load() { return {}; }

  __device__ __forceinline__ static void Add(
      Values, const float (&part)[RowBlocks(kConfig)][CoreColumns(kConfig) / 8][4],
      float (&sums)[RowBlocks(kConfig)][CoreColumns(kConfig) / 8][4]) {
#pragma unroll
    for (int block = 0; block < RowBlocks(kConfig); ++block) {
#pragma unroll
      for (int tile = 0; tile < CoreColumns(kConfig) / 8; ++tile) {
#pragma unroll
        for (int i = 0; i < 4; ++i) sums[block][tile][i] += part[block][tile][i];
      }
    }
  }
};

// The scales of a thread's sums of one tile. Unswapped the core's rows are A's and its columns
// fall into groups that one block of B covers each; swapped the 64 rows of a row block are
// within one block of B, and every column has a scale of A.
template <GemmSm90Config kConfig>
class BlockScales {
 public:
  static constexpr int kRowBlocks = RowBlocks(kConfig);
  static constexpr int kTiles = CoreColumns(kConfig) / 8;

  // What one block of k takes.
  struct Values {
    float row[kRowBlocks][kConfig.swap_ab ? 1 : 2];
    float column[ColumnScales(kConfig)];
  };

  // Blocks of k and n are below 2^24, rows and columns as raster.cuh has them; offsets are 64 bits.
  //
  // Of the tile at `place`, whose row blocks the thread has from `first_block` on; Load goes on
  // from block `first_k` of k.
  __device__ __forceinline__ BlockScales(const GemmArgs& args, TilePlace place, int batch,
                                         int first_block, int first_k)
      : args_(args), place_(place), first_row_(first_block * 64) {
    const int blocks_k = CeilDiv(args.k, kScaleBlock);
    const int blocks_n = CeilDiv(args.n, kScaleBlock);
    stride_b_ = CeilDiv(blocks_k, 4) * 4;
    a_ = args.scale_a + (static_cast<long long>(batch) * blocks_k + first_k) * args.m;
    b_ = args.scale_b + static_cast<long long>(batch) * blocks_n * stride_b_ + first_k;
  }

  // Those of the next block of k.
  __device__ __forceinline__ Values Load() {
    Values values;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp_row = first_row_ + static_cast<int>(threadIdx.x) / 32 % 4 * 16 + lane / 4;
#pragma unroll
    for (int block = 0; block < kRowBlocks; ++block) {
      if constexpr (kConfig.swap_ab) {
        values.row[block][0] = OfB(place_.first_n + first_row_ + block * 64);
      } else {
        values.row[block][0] = OfA(place_.first_m + warp_row + block * 64);
        values.row[block][1] = OfA(place_.first_m + warp_row + block * 64 + 8);
      }
    }
#pragma unroll
    for (int i = 0; i < ColumnScales(kConfig); ++i) {
      values.column[i] = kConfig.swap_ab ? OfA(place_.first_m + i / 2 * 8 + lane % 4 * 2 + i % 2)
                                         : OfB(place_.first_n + i * ColumnGroup(kConfig));
    }
    a_ += args_.m;
    ++b_;
    return values;
  }

  // sums += part * scales.
  __device__ __forceinline__ static void Add(const Values& values,
                                             const float (&part)[kRowBlocks][kTiles][4],
                                             float (&sums)[kRowBlocks][kTiles][4]) {
#pragma unroll
    for (int block = 0; block < kRowBlocks; ++block) {
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const int row = kConfig.swap_ab ? 0 : i / 2;
          const int column = kConfig.swap_ab ? tile * 2 + i % 2 : tile * 8 / ColumnGroup(kConfig);
          sums[block][tile][i] =
              fmaf(part[block][tile][i], values.row[block][row] * values.column[column],
                   sums[block][tile][i]);
        }
      }
    }
  }

 private:
  // Rows of A and columns of B beyond the last have no scale to read; their sums do not matter.
  __device__ __forceinline__ float OfA(int m) const { return a_[Min(m, args_.m - 1)]; }
  __device__ __forceinline__ float OfB(int n) const {
    return b_[static_cast<long long>(Min(n, args_.n - 1) / kScaleBlock) * stride_b_];
  }

  const GemmArgs& args_;
  const TilePlace place_;
  const int first_row_;
  int stride_b_;
  const float* a_;
  const float* b_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_BLOCK_SCALES_CUH_
