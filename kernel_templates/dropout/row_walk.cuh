// Which rows and columns a block of the fused dropout has. Plain C++ but for its qualifiers:
// tests/kernel_templates/walks_test.cc compiles it for the host and holds it against 64-bit
// arithmetic up to the largest sizes.
//
// Why 32 bits are enough, for rows and columns below 2^31: CheckGrids
// (launch/plan/size_checks.h) refuses launches of 2^31 tiles or more, so that numbers of tiles fit.
// All places are unsigned: a tile has at most 4096 rows and 2^15 columns, so that what lies beyond
// the edge is still below 2^32. Addresses are made in 64 bits.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_ROW_WALK_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_ROW_WALK_CUH_

#include "abi/ceil_div.h"

namespace tilewright {

struct RowTile {
  unsigned tile;  // Of kTileM rows.
  unsigned first_column;
};

// The tile of a block where rows are not held whole. Neighbouring blocks have neighbouring columns.
template <int kTileN>
__device__ __forceinline__ RowTile RowTileOfBlock(unsigned block, int columns) {
  const unsigned tiles_n = CeilDiv(columns, kTileN);
  return {block / tiles_n, block % tiles_n * kTileN};
}

// The first row of pair `index` of all rows; its other one is 8 rows on. 8 pairs are made of 16
// rows.
__device__ __forceinline__ unsigned RowOfPair(unsigned index) { return index / 8 * 16 + index % 8; }

// Pairs of a tile of kTileM rows, in multiples of 8 where kTileM is no multiple of 16: the last
// tile then has what is left, rows that have no partner among it.
template <int kTileM>
__device__ __forceinline__ unsigned PairsOfTile(int rows, unsigned tile) {
  constexpr unsigned kPairs = kTileM / 2;
  if constexpr (kTileM % 16 != 0) {
    const unsigned last = static_cast<unsigned>(CeilDiv(rows, kTileM)) - 1;
    if (tile == last) return static_cast<unsigned>(CeilDiv(rows, 16)) * 8 - tile * kPairs;
  }
  return kPairs;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_DROPOUT_ROW_WALK_CUH_
