// What a GEMM template knows of an operand at compile time.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_OPERAND_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_OPERAND_CUH_

#include "common/swizzle.cuh"
#include "common/types.cuh"

namespace tilewright {

struct OperandSpec {
  Type type;
  bool k_major;      // Contiguous along k; else along m (A) or n (B).
  int access_bytes;  // Widest access that the base and the strides admit: 16, 8, 4, 2, 1.
};

// The shared-memory tile of one operand in one stage: its rows run along the contiguous
// dimension, as in global memory.
template <OperandSpec kOperand, int kTileMn, int kTileK>
struct OperandTile {
  static constexpr int kElementBytes = BytesOf(kOperand.type);
  static constexpr int kRows = kOperand.k_major ? kTileMn : kTileK;
  static constexpr int kRowBytes = (kOperand.k_major ? kTileK : kTileMn) * kElementBytes;
  static constexpr int kChunks = kRowBytes / 16;
  static constexpr int kBytes = kRows * kRowBytes;
  static constexpr RowPattern kPattern = kOperand.k_major || kElementBytes == 2
                                             ? RowPattern::kConsecutive
                                         : kElementBytes == 4 ? RowPattern::kQuads
                                                              : RowPattern::kPairsOfFour;
  using Layout = Swizzle<kChunks, kPattern>;
  static_assert(kRowBytes % 16 == 0);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_OPERAND_CUH_
