// Reads MMA fragments of one operand from a stage in shared memory.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_GEMM_FRAGMENTS_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_GEMM_FRAGMENTS_CUH_

#include "common/mma.cuh"
#include "gemm/operand.cuh"

namespace tilewright {

// Bytes along k that one MMA takes, for every input type.
inline constexpr int kStepBytes = 32;

// Whether the fragments of an operand come with the elements of a 16-wide block along m or
// n in the order 0, 2, .., 14 | 1, 3, .., 15. True of bytes that are contiguous along m or
// n: ldmatrix transposes pairs of them. The epilogue puts rows and columns back.
template <OperandSpec kOperand>
inline constexpr bool kInterleaved = !kOperand.k_major && BytesOf(kOperand.type) == 1;

// Fragments of blocks of 16 rows (A) or 16 columns (B) by kStepBytes of k. The four words
// of a block are (block half along m or n, half along k): for A {00, 10, 01, 11}, the
// order of the MMA; for B {00, 01, 10, 11}, two fragments of 8 columns.
template <OperandSpec kOperand, bool kIsA, int kTileMn, int kTileK, int kBlocks>
class FragmentReader {
 public:
  using Tile = OperandTile<kOperand, kTileMn, kTileK>;
  using Layout = typename Tile::Layout;
  static constexpr int kSteps = kTileK * Tile::kElementBytes / kStepBytes;

  // `first_mn`: where the warp tile begins in the tile.
  __device__ __forceinline__ explicit FragmentReader(int first_mn) {
    const int lane = threadIdx.x % 32;
    // The matrix of ldmatrix.x4 that this lane names a row of, as (half of mn, half of k).
    const int half_mn = kIsA ? lane >> 3 & 1 : lane >> 4;
    const int half_k = kIsA ? lane >> 4 : lane >> 3 & 1;
    const int row = lane % 8;
    if constexpr (kOperand.k_major) {
#pragma unroll
      for (int step = 0; step < kSteps; ++step) {
        offset_[step] = Layout::Offset(first_mn + half_mn * 8 + row, step * 2 + half_k);
      }
    } else {
#pragma unroll
      for (int block = 0; block < kBlocks; ++block) {
        const int mn = first_mn + block * 16;
        if constexpr (Tile::kElementBytes == 2) {
          offset_[block] = Layout::Offset(half_k * 8 + row, mn / 8 + half_mn);
        } else if constexpr (Tile::kElementBytes == 1) {
          const int k = (lane >> 4) * 16 + (lane >> 3 & 1) * 2 + (row >> 1) * 4 + (row & 1);
          offset_[block] = Layout::Offset(k, mn / 16);
        } else {
          const int column = mn + lane / 4;
          offset_[block] = Layout::Offset(lane % 4, column / 4) + column % 4 * 4;
        }
      }
    }
  }

  __device__ __forceinline__ void Load(unsigned (&words)[4], unsigned stage, int block,
                                       int step) const {
    if constexpr (kOperand.k_major) {
      LoadMatrices(words, stage + offset_[step] + block * 16 * Tile::kRowBytes);
    } else {
      const unsigned address =
          stage + offset_[block] + step * (kStepBytes / Tile::kElementBytes) * Tile::kRowBytes;
      if constexpr (Tile::kElementBytes == 2) {
        LoadMatricesTransposed(words, address);
      } else if constexpr (Tile::kElementBytes == 1) {
        LoadBytes(words, address);
      } else {
        LoadElements(words, address);
      }
    }
  }

 private:
  // Each 16-bit "element" that ldmatrix transposes is a pair of bytes along m or n; the
  // rows are named so that two matrices hold k, k+1 and k+2, k+3 of a lane's four.
  __device__ __forceinline__ static void LoadBytes(unsigned (&words)[4], unsigned address) {
    unsigned pairs[4];
    LoadMatricesTransposed(pairs, address);
    words[0] = __byte_perm(pairs[0], pairs[1], 0x6420);
    words[kIsA ? 1 : 2] = __byte_perm(pairs[0], pairs[1], 0x7531);
    words[kIsA ? 2 : 1] = __byte_perm(pairs[2], pairs[3], 0x6420);
    words[3] = __byte_perm(pairs[2], pairs[3], 0x7531);
  }

  // ldmatrix does not transpose 32-bit elements: a load for each.
  __device__ __forceinline__ static void LoadElements(unsigned (&words)[4], unsigned address) {
    // 8 columns on are two chunks on; bit 1 of the chunk is clear in a 16-column block, so
    // that the swizzle leaves the difference an XOR.
    const unsigned next = address ^ 32;
    words[0] = LoadSharedWord(address);
    words[kIsA ? 1 : 2] = LoadSharedWord(next);
    words[kIsA ? 2 : 1] = LoadSharedWord(address + 4 * Tile::kRowBytes);
    words[3] = LoadSharedWord(next + 4 * Tile::kRowBytes);
  }

  unsigned offset_[kOperand.k_major ? kSteps : kBlocks];
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_GEMM_FRAGMENTS_CUH_
