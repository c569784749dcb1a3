// The dropout mask of a tile, made by the warps that will store it while the tensor core multiplies:
// those instructions' slots are free then, and the epilogue finds the bits in registers.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_MASK_BITS_SM90_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_MASK_BITS_SM90_CUH_

#include "abi/gemm_sm90_config.h"
#include "common/memory.cuh"
#include "epilogue/dropout.cuh"

namespace tilewright {

// Of a problem that drops nothing, or of a store path that makes the mask itself.
struct NoMaskBits {
  __device__ __forceinline__ void Step() {}
  __device__ __forceinline__ void Finish() {}
  __device__ __forceinline__ unsigned Of(int, int) const { return kKeepAll; }
};

// One lane's bits of its fragments of a tile: a byte for each of its 16x16 blocks, as KeepBits has
// them, and with swapped operands as KeepBits of the transposed block would.
template <EpilogueSpec kSpec, GemmSm90Config kConfig>
class MaskBits {
 public:
  // (first_m, first_n): the place in D of the warp's part of the consumer's first row block.
  __device__ __forceinline__ MaskBits(const DropoutMask<kSpec>& mask, int first_m, int first_n)
      : mask_(mask), first_m_(first_m), first_n_(first_n) {}

  // Makes the next byte, if there is one.
  __device__ __forceinline__ void Step() {
    if (made_ < kBytes) Make();
  }

  // Makes the rest. By whole warps.
  __device__ __forceinline__ void Finish() {
#pragma unroll 1
    while (made_ < kBytes) Make();
    if constexpr (kConfig.swap_ab) ExchangeRows();
  }

  // Of 16 core columns, `group`, of a row block. Both are constants once loops are unrolled.
  __device__ __forceinline__ unsigned Of(int row_block, int group) const {
    const int byte = kWords * 4 - kBytes + row_block * kGroups + group;
    return words_[byte / 4] >> (byte % 4 * 8);
  }

 private:
  static constexpr int kGroups = CoreColumns(kConfig) / 16;
  static constexpr int kBytes = RowBlocks(kConfig) * kGroups;
  static constexpr int kWords = CeilDiv(kBytes, 4);
  static_assert(TileHoldsMask(kConfig));

  // The newest byte comes in at the top: a register has no index.
  __device__ __forceinline__ void Make() {
    const int lane = threadIdx.x % 32;
    const int block = made_ / kGroups * 64;
    const int group = made_ % kGroups * 16;
    unsigned bits;
    if constexpr (kConfig.swap_ab) {
      // A lane has rows 2q and 2q + 1 of D, in columns g and g + 8. A call gives one row and two
      // neighbouring columns: it and the lane of the next column make one each.
      bits = mask_.Bits(first_m_ + group + lane % 4 * 2 + lane / 4 % 2,
                        first_n_ + block + lane / 8 * 2);
    } else {
      bits = mask_.OfLane(first_m_ + block, first_n_ + group);
    }
#pragma unroll
    for (int i = 0; i + 1 < kWords; ++i) {
      words_[i] = __funnelshift_r(words_[i], words_[i + 1], 8);
    }
    words_[kWords - 1] = words_[kWords - 1] >> 8 | bits << 24;
    ++made_;
  }

  // From bits of one row and two columns to those of two rows and one column.
  __device__ __forceinline__ void ExchangeRows() {
    const int odd = threadIdx.x / 4 % 2;
#pragma unroll
    for (int i = 0; i < kWords; ++i) {
      const unsigned other = __shfl_xor_sync(0xFFFFFFFF, words_[i], 4);
      const unsigned even_row = odd ? other : words_[i];
      const unsigned odd_row = odd ? words_[i] : other;
      words_[i] = (even_row >> odd & 0x55555555) | (odd_row >> odd & 0x55555555) << 1;
    }
  }

  const DropoutMask<kSpec> mask_;
  const int first_m_;
  const int first_n_;
  unsigned words_[kWords] = {};
  int made_ = 0;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_MASK_BITS_SM90_CUH_
