// One operand of gemm_sm90 in shared memory: how TMA brings a stage of it, and how wgmma is
// told where it lies.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_OPERAND_SM90_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_OPERAND_SM90_CUH_

#include "abi/gemm_sm90_config.h"
#include "common/memory.cuh"
#include "common/tma.cuh"
#include "common/wgmma.cuh"
#include "gemm/operand.cuh"

namespace tilewright {

// kTile: elements along m or n. kShare: blocks of the cluster that read the same tile; each
// loads 1 / kShare of it and sends it to all.
template <OperandSpec kOperand, int kTile, int kShare>
class OperandSm90 {
 public:
  static constexpr int kElementBytes = BytesOf(kOperand.type);
  static constexpr int kTileK = kStageRowBytes / kElementBytes;
  static constexpr int kBytes = kTile * kStageRowBytes;
  // Bytes of a row in shared memory: along k a whole swizzle span; along m or n the widest span
  // that divides the tile.
  static constexpr int kRowBytes =
      kOperand.k_major ? kStageRowBytes : Sm90RowBytes(kTile, kElementBytes);
  // Elements of k that one wgmma takes.
  static constexpr int kStepK = 32 / kElementBytes;
  static_assert(kOperand.k_major || kElementBytes == 2, "wgmma transposes 16-bit types alone");

  // Loads this block's share (`rank` of kShare) of the stage at `target`; `blocks` are those of
  // the cluster that get it. One thread.
  __device__ __forceinline__ static void Load(const TensorMap& map, unsigned target,
                                              unsigned barrier, int first, int first_k, int batch,
                                              int rank, unsigned short blocks, bool read_once) {
    if constexpr (kOperand.k_major) {
      constexpr int kRows = kTile / kShare;
      const int row = rank * kRows;
      LoadOne(map, target + row * kStageRowBytes, barrier, first_k, first + row, batch, blocks,
              read_once);
    } else {
      constexpr int kColumns = kRowBytes / kElementBytes;
      constexpr int kRows = kTileK / kShare;
      const int row = rank * kRows;
#pragma unroll
      for (int block = 0; block < kTile / kColumns; ++block) {
        LoadOne(map, target + block * kTileK * kRowBytes + row * kRowBytes, barrier,
                first + block * kColumns, first_k + row, batch, blocks, read_once);
      }
    }
  }

  // Of step 0 and rows (or columns) 0 of the tile at `address`.
  __device__ __forceinline__ static unsigned long long Descriptor(unsigned address) {
    return MatrixDescriptor<kRowBytes>(address, 8 * kRowBytes, kTileK * kRowBytes);
  }

  // What is added to a descriptor for step `step` of k, and for row block `block` of 64 rows.
  static constexpr int StepOffset(int step) {
    return (kOperand.k_major ? step * 32 : step * kStepK * kRowBytes) >> 4;
  }
  static constexpr int BlockOffset(int block) { return (block * 64 * kStageRowBytes) >> 4; }

 private:
  __device__ __forceinline__ static void LoadOne(const TensorMap& map, unsigned target,
                                                 unsigned barrier, int column, int row, int batch,
                                                 unsigned short blocks, bool read_once) {
    if constexpr (kShare > 1) {
      LoadBoxMulticast(map, target, barrier, column, row, batch, blocks, read_once);
    } else {
      LoadBox(map, target, barrier, column, row, batch, read_once);
    }
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_OPERAND_SM90_CUH_
