// Which elements of D dropout keeps, as bits: docs/dropout.md. A call of the generator serves the 8
// elements of a 16x16 block that one lane of an MMA fragment owns, so a warp that has a block makes
// one call a lane, whatever path its elements take from there.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_DROPOUT_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_DROPOUT_CUH_

#include "abi/ceil_div.h"
#include "abi/kernel_args.h"
#include "common/mma.cuh"
#include "common/random_bits.cuh"
#include "epilogue/epilogue_spec.cuh"

namespace tilewright {

inline constexpr unsigned kKeepAll = 0xFFFFFFFF;

// Bits of 8 neighbouring elements of row `row % 16` of a block, from byte q of `word` being the
// KeepBits of row r = row % 8 and pair q: those of columns 0 .. 7, or 8 .. 15 with `column` there.
__device__ __forceinline__ unsigned KeepBitsOfRow(unsigned word, int row, int column) {
  // Two bits of each byte, bits 0, 1, 8, 9, 16, 17, 24, 25, moved together.
  const unsigned bits = word >> (row / 8 % 2 * 4 + column / 8 % 2 * 2) & 0x03030303;
  const unsigned pairs = bits | bits >> 6;
  return (pairs & 0xF) | (pairs >> 12 & 0xF0);
}

// The mask of one batch of D. Rows and columns end at 2^31, so that blocks of them are below 2^27.
template <EpilogueSpec kSpec>
class DropoutMask {
 public:
  static constexpr int kRounds = kSpec.dropout_rounds;
  static constexpr bool kDrops = kRounds > 0;

  __device__ __forceinline__ DropoutMask(const GemmArgs& args, int batch)
      : args_(args), batch_(batch) {}

  // Blocks of 16x16 elements are named by their row and column of blocks: what differs from block
  // to block is then one word of the counter, and what they share of a call is computed once.

  // KeepBits of this lane, g = lane / 4 and q = lane % 4, in a block: of rows {g, g + 8} and
  // columns {2q, 2q + 1, 8 + 2q, 8 + 2q + 1}.
  __device__ __forceinline__ unsigned OfLane(int row_block, int column_block) const {
    return BitsOfSigns(SignsOfLane(row_block, column_block));
  }

  // The KeepSigns of this lane's pairs of elements in a block: word 2 * i + j is that of rows
  // {g, g + 8}[i] and columns {2q, 8 + 2q}[j] and the next.
  __device__ __forceinline__ PhiloxWords SignsOfLane(int row_block, int column_block) const {
    const int lane = threadIdx.x % 32;
    return Signs(row_block, column_block, lane / 4, lane % 4);
  }

  // The same of a lane that has rows 2q and 2q + 1 of D, in columns g and g + 8: word 2 * i + j is
  // that of rows {2q, 8 + 2q}[i] and the next, in columns {g, g + 8}[j]. By whole warps: each word
  // is an 8x8 matrix of halves, which one instruction transposes.
  __device__ __forceinline__ PhiloxWords SignsOfTransposedLane(int row_block,
                                                               int column_block) const {
    PhiloxWords signs = SignsOfLane(row_block, column_block);
    if constexpr (kDrops) {
#pragma unroll
      for (int w = 0; w < 4; ++w) signs.word[w] = TransposeMatrix(signs.word[w]);
    }
    return signs;
  }

  // Bit i: of (row, column + i). `column` is a multiple of kWidth, at most 8 and a power of two.
  template <int kWidth>
  __device__ __forceinline__ unsigned OfRow(int row, int column) const {
    if constexpr (!kDrops) return kKeepAll;
    unsigned keep = 0;
    const int shift = row / 8 % 2 * 4 + column / 8 % 2 * 2;
#pragma unroll
    for (int i = 0; i < kWidth; i += 2) {
      const int pair = column + i;
      const PhiloxWords signs = Signs(row / 16, pair / 16, row % 8, pair % 8 / 2);
      keep |= (BitsOfSigns(signs) >> shift & 3) << i;
    }
    return kWidth == 1 ? keep >> column % 2 : keep;
  }

  // As OfLane; the mask is stored too where the problem asks for it. By whole warps.
  __device__ __forceinline__ unsigned Block(int row_block, int column_block) const {
    if constexpr (!kDrops) return kKeepAll;
    const unsigned bits = OfLane(row_block, column_block);
    if constexpr (kSpec.store_mask) StoreBlock(row_block, column_block, bits);
    return bits;
  }

  // As OfRow<4>, of neighbouring lanes that have neighbouring columns, four of them 16; the mask is
  // stored too where the problem asks for it. By whole warps, beyond D as well.
  __device__ __forceinline__ unsigned Four(int row, int column) const {
    if constexpr (!kDrops) return kKeepAll;
    const unsigned keep = OfRow<4>(row, column);
    if constexpr (kSpec.store_mask) {
      unsigned bits = keep << column % 16;
      bits |= __shfl_xor_sync(0xFFFFFFFF, bits, 1);
      bits |= __shfl_xor_sync(0xFFFFFFFF, bits, 2);
      if (column % 16 == 0) StoreRow(row, column, bits);
    }
    return keep;
  }

  // Writes the mask of a block from the bits that OfLane gave. By whole warps.
  __device__ __forceinline__ void StoreBlock(int row_block, int column_block, unsigned bits) const {
    const int lane = threadIdx.x % 32;
    const int q = lane % 4;
    // The lane's bits of row g in the low half, of row g + 8 in the high one.
    const unsigned near = (bits & 0x3) | (bits & 0x30) << 12;
    const unsigned far = (bits & 0xC) << 6 | (bits & 0xC0) << 18;
    unsigned rows = (near | far) << 2 * q;
    rows |= __shfl_xor_sync(0xFFFFFFFF, rows, 1);
    rows |= __shfl_xor_sync(0xFFFFFFFF, rows, 2);
    const int row = row_block * 16 + lane / 4 + (q == 1 ? 8 : 0);
    if (q < 2) StoreRow(row, column_block * 16, q == 0 ? rows & 0xFFFF : rows >> 16);
  }

  // Writes the bits of 16 neighbouring elements of a row, from `column` on, a multiple of 16.
  __device__ __forceinline__ void StoreRow(int row, int column, unsigned bits) const {
    if (row >= args_.m || column >= args_.n) return;
    const int left = args_.n - column;
    if (left < 16) bits &= (1u << left) - 1;
    const long long words = CeilDiv(args_.n, 16);
    static_cast<unsigned short*>(
        args_.mask)[(batch_ * static_cast<long long>(args_.m) + row) * words + column / 16] =
        static_cast<unsigned short>(bits);
  }

 private:
  __device__ __forceinline__ PhiloxWords Signs(int row_block, int column_block, int r,
                                               int q) const {
    if constexpr (!kDrops) return {};
    const PhiloxWords counter =
        BlockCounter(args_.offset, RandomUse::kDropout, batch_, row_block, column_block, r, q);
    return KeepSigns(Philox<kRounds>(counter, args_.keys), args_.dropout_offset);
  }

  const GemmArgs& args_;
  const int batch_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_EPILOGUE_DROPOUT_CUH_
