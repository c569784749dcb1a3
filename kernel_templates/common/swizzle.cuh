// Where a 16-byte chunk of a shared-memory tile lies: rows are dense (no padding), and the
// chunks of a row are permuted by an XOR with bits of the row, so that the accesses of one
// instruction fall into different banks.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_COMMON_SWIZZLE_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_COMMON_SWIZZLE_CUH_

namespace tilewright {

// How the rows that one instruction reads together are spaced.
enum class RowPattern {
  kConsecutive,  // ldmatrix: rows r .. r+7.
  kQuads,        // 32-bit loads: rows 4i .. 4i+3, 8 words of each.
  kPairsOfFour,  // ldmatrix on bytes: rows 4i and 4i+1.
};

// kChunks: 16-byte chunks of a row.
template <int kChunks, RowPattern kPattern>
struct Swizzle {
  // Chunks that an XOR may permute: a power of two that divides the row, at most the 8
  // that fill the 32 banks.
  static constexpr int kUnit = (kChunks & -kChunks) < 8 ? (kChunks & -kChunks) : 8;
  // Rows after which the permutations repeat.
  static constexpr int kRowPeriod = kPattern == RowPattern::kPairsOfFour ? 16 : 8;

  __device__ __forceinline__ static int Mask(int row) {
    if constexpr (kPattern == RowPattern::kConsecutive) {
      return (row / (8 / kUnit)) & (kUnit - 1);
    } else if constexpr (kPattern == RowPattern::kQuads) {
      return kUnit == 8 ? (row & 3) << 1 : kUnit == 4 ? row & 2 : 0;
    } else {
      return kUnit == 8   ? (row & 1) | (row >> 2 & 3) << 1
             : kUnit == 4 ? row >> 2 & 3
             : kUnit == 2 ? row >> 2 & 1
                          : 0;
    }
  }

  // Byte offset of `chunk` of `row`.
  __device__ __forceinline__ static int Offset(int row, int chunk) {
    return row * (kChunks * 16) + ((chunk ^ Mask(row)) << 4);
  }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_COMMON_SWIZZLE_CUH_
