// The headers that say which tile a block has, compiled for the host and held against 64-bit
// arithmetic, at and around the largest sizes: every tile exactly once, none elsewhere.
#include <cstdint>
#include <random>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"

#define __device__
#define __forceinline__ inline
namespace device {
#include "dropout/row_walk.cuh"
#include "gemm/depth.cuh"
#include "gemm/tile_walk.cuh"
}  // namespace device

namespace tilewright {
namespace {

using device::tilewright::CeilDiv;
using device::tilewright::DepthRange;
using device::tilewright::GemmArgs;
using device::tilewright::PairsOfTile;
using device::tilewright::PlaceOfBlock;
using device::tilewright::RowOfPair;
using device::tilewright::RowTile;
using device::tilewright::RowTileOfBlock;
using device::tilewright::ShareOfDepth;
using device::tilewright::TilePlace;
using device::tilewright::TileWalk;

constexpr int64_t kMost = INT32_MAX;

// By repeated doubling: no form of the division that is tested.
int64_t Ceil(int64_t a, int64_t b) {
  int64_t count = 0;
  for (int64_t step = int64_t{1} << 32; step > 0; step /= 2) {
    if ((count + step) * b < a) count += step;
  }
  return a == 0 ? 0 : count + 1;
}

const std::vector<int64_t>& Extents() {
  static const auto& extents = *new std::vector<int64_t>{
      1,         2,         7,          8,           63,           64,
      65,        127,       128,        129,         257,          4096,
      kMost / 2, kMost - 8, kMost - 64, kMost - 127, kMost - 1000, kMost - 65536,
      kMost - 1, kMost};
  return extents;
}

TEST(CeilDivTest, IsRightUpToTheLargestNumbers) {
  for (const int64_t a : Extents()) {
    for (const int64_t b : {int64_t{1}, int64_t{2}, int64_t{3}, int64_t{7}, int64_t{32},
                            int64_t{64}, int64_t{112}, int64_t{192}, int64_t{512}, kMost}) {
      EXPECT_EQ(CeilDiv(static_cast<int>(a), static_cast<int>(b)), Ceil(a, b)) << a << " / " << b;
      EXPECT_EQ(CeilDiv(a, b), Ceil(a, b)) << a << " / " << b;
    }
  }
  EXPECT_EQ(CeilDiv(0, 64), 0);
  EXPECT_EQ(CeilDiv(INT64_MAX, int64_t{2}), int64_t{1} << 62);
  EXPECT_EQ(CeilDiv(INT64_MAX, INT64_MAX), 1);
  EXPECT_EQ(CeilDiv(UINT32_MAX, 2u), 1u << 31);
}

// Where the walk of raster.cuh has a tile: groups of `group` tiles of m, within one tiles of m
// first.
int64_t BlockOf(int64_t tile_m, int64_t tile_n, int64_t tiles_m, int64_t tiles_n, int64_t group) {
  const int64_t height_of_group = std::min(group, tiles_m);
  const int64_t first = tile_m / height_of_group * height_of_group;
  const int64_t height = std::min(height_of_group, tiles_m - first);
  return first * tiles_n + tile_n * height + (tile_m - first);
}

struct Tile {
  int m;
  int n;
};
constexpr Tile kTiles[] = {{8, 64}, {16, 16}, {64, 128}, {128, 256}, {256, 128}, {16, 512}};

// Tiles worth a look: the first, the last, and some between.
std::vector<int64_t> Samples(int64_t count) {
  std::vector<int64_t> samples = {0, count - 1, count / 2};
  std::mt19937_64 generator(static_cast<uint64_t>(count));
  for (int i = 0; i < 6; ++i) {
    samples.push_back(std::uniform_int_distribution<int64_t>(0, count - 1)(generator));
  }
  return samples;
}

TEST(RasterTest, EveryTileOfAGridIsSomeBlocks) {
  for (const auto& [tile_m, tile_n] : kTiles) {
    for (const int64_t m : Extents()) {
      for (const int64_t n : Extents()) {
        const int64_t tiles_m = Ceil(m, tile_m);
        const int64_t tiles_n = Ceil(n, tile_n);
        if (tiles_m * tiles_n > kMost) continue;  // CheckGrids refuses it.
        for (const int group : {1, 4, 16, 1 << 30}) {
          for (const int64_t i : Samples(tiles_m)) {
            for (const int64_t j : Samples(tiles_n)) {
              const int64_t block = BlockOf(i, j, tiles_m, tiles_n, group);
              const TilePlace at = PlaceOfBlock(static_cast<unsigned>(block), static_cast<int>(m),
                                                static_cast<int>(n), tile_m, tile_n, group);
              ASSERT_EQ(at.first_m, i * tile_m) << m << " x " << n << ", block " << block;
              ASSERT_EQ(at.first_n, j * tile_n) << m << " x " << n << ", block " << block;
              ASSERT_LT(at.first_m, m);
              ASSERT_LT(at.first_n, n);
            }
          }
        }
      }
    }
  }
}

GemmArgs Shape(int64_t m, int64_t n, int64_t batch, int group, bool along_n) {
  GemmArgs args{};
  args.m = static_cast<int>(m);
  args.n = static_cast<int>(n);
  args.batch = static_cast<int>(batch);
  args.raster_group = group;
  args.raster_along_n = along_n ? 1 : 0;
  return args;
}

// Blocks `first`, `first` + step, ... of a grid of `step`, from place `from` on: the walk must come
// to each of them, name its batch and tile, and end behind the last one.
template <int kTileM, int kTileN>
void ExpectWalk(int64_t m, int64_t n, int64_t batch, bool along_n) {
  const int64_t tiles_m = Ceil(m, kTileM);
  const int64_t tiles_n = Ceil(n, kTileN);
  if (tiles_m * tiles_n > kMost / batch) return;  // CheckGrids refuses it.
  const int64_t places = tiles_m * tiles_n * batch;
  const GemmArgs args = Shape(m, n, batch, 8, along_n);
  const auto expect_at = [&](const TileWalk<kTileM, kTileN>& walk, int64_t place) {
    ASSERT_FALSE(walk.AtEnd()) << place;
    const int64_t in_batch = place % (tiles_m * tiles_n);
    const TilePlace at = walk.Place();
    ASSERT_EQ(walk.Batch(), place / (tiles_m * tiles_n)) << place;
    ASSERT_TRUE(at.first_m >= 0 && at.first_m < m && at.first_m % kTileM == 0) << place;
    ASSERT_TRUE(at.first_n >= 0 && at.first_n < n && at.first_n % kTileN == 0) << place;
    const int64_t i = at.first_m / kTileM;
    const int64_t j = at.first_n / kTileN;
    ASSERT_EQ(along_n ? BlockOf(j, i, tiles_n, tiles_m, 8) : BlockOf(i, j, tiles_m, tiles_n, 8),
              in_batch)
        << place;
  };
  constexpr unsigned kStep = 132;
  for (const int64_t sample : Samples(places)) {
    TileWalk<kTileM, kTileN> walk(args, static_cast<unsigned>(sample), 0, 0);
    ASSERT_NO_FATAL_FAILURE(expect_at(walk, sample));
    walk.Next(kStep);
    if (sample + kStep < places) {
      ASSERT_NO_FATAL_FAILURE(expect_at(walk, sample + kStep));
    } else {
      // A consumer of two takes a step more.
      EXPECT_TRUE(walk.AtEnd());
      walk.Next(kStep);
      EXPECT_TRUE(walk.AtEnd());
    }
  }
}

TEST(TileWalkTest, WalksEveryTileOfEveryBatch) {
  for (const int64_t m : Extents()) {
    for (const int64_t n : Extents()) {
      for (const int64_t batch : {1, 2, 3, 7, 65534, 65535}) {
        for (const bool along_n : {false, true}) {
          SCOPED_TRACE(::testing::Message() << m << " x " << n << " x " << batch);
          ASSERT_NO_FATAL_FAILURE((ExpectWalk<128, 256>(m, n, batch, along_n)));
          ASSERT_NO_FATAL_FAILURE((ExpectWalk<256, 128>(m, n, batch, along_n)));
          ASSERT_NO_FATAL_FAILURE((ExpectWalk<8, 64>(m, n, batch, along_n)));
        }
      }
    }
  }
}

// What was wrong: k = 2^31 - 8 had a negative number of tiles, so that no product was summed.
TEST(DepthTest, SharesAreAllOfKOnce) {
  for (const int64_t k : Extents()) {
    for (const int tile_k : {4, 8, 16, 32, 64, 128}) {
      const int tiles = CeilDiv(static_cast<int>(k), tile_k);
      ASSERT_EQ(tiles, Ceil(k, tile_k)) << k;
      // Where the last tile begins fits an int: its kernels multiply so.
      ASSERT_LE(int64_t{tiles} * tile_k, kMost + 1);
      for (const int splits : {1, 2, 3, 4, 32, 65535}) {
        int64_t next = 0;
        for (int split = 0; split < splits; ++split) {
          const DepthRange share = ShareOfDepth(tiles, split, splits);
          ASSERT_EQ(share.first, next) << k << ", share " << split;
          ASSERT_TRUE(share.count == tiles / splits || share.count == tiles / splits + 1) << k;
          next += share.count;
        }
        ASSERT_EQ(next, tiles) << k << " in " << splits;
      }
    }
  }
}

template <int kTileM, int kTileN>
void ExpectRowTiles(int64_t rows, int64_t columns) {
  const int64_t tiles_m = Ceil(rows, kTileM);
  const int64_t tiles_n = Ceil(columns, kTileN);
  if (tiles_m * tiles_n > kMost) return;  // CheckGrids refuses it.
  for (const int64_t i : Samples(tiles_m)) {
    for (const int64_t j : Samples(tiles_n)) {
      const RowTile at =
          RowTileOfBlock<kTileN>(static_cast<unsigned>(i * tiles_n + j), static_cast<int>(columns));
      ASSERT_EQ(at.tile, i);
      ASSERT_EQ(at.first_column, j * kTileN);
    }
  }
}

// Pairs of rows r and r + 8: of a tile those that PairsOfTile counts, from tile * kTileM / 2 on.
template <int kTileM>
void ExpectAllRows(int64_t rows) {
  const int64_t tiles = Ceil(rows, kTileM);
  for (const int64_t tile : Samples(tiles)) {
    const unsigned count = PairsOfTile<kTileM>(static_cast<int>(rows), static_cast<unsigned>(tile));
    const int64_t first = tile * (kTileM / 2);
    for (unsigned i = 0; i < count; ++i) {
      const int64_t pair = first + i;
      ASSERT_EQ(RowOfPair(static_cast<unsigned>(pair)), pair / 8 * 16 + pair % 8);
    }
    // The tiles before it are whole, and the last has the last row.
    if (tile == tiles - 1) {
      ASSERT_GE(RowOfPair(static_cast<unsigned>(first + count - 1)) + 8, rows - 1) << rows;
      ASSERT_EQ(first + count, kTileM % 16 == 0 ? tiles * (kTileM / 2) : Ceil(rows, 16) * 8);
    } else {
      ASSERT_EQ(count, static_cast<unsigned>(kTileM / 2));
    }
  }
}

TEST(RowWalkTest, EveryRowAndColumnIsSomeBlocks) {
  for (const int64_t rows : Extents()) {
    for (const int64_t columns : Extents()) {
      ASSERT_NO_FATAL_FAILURE((ExpectRowTiles<16, 512>(rows, columns)));
      ASSERT_NO_FATAL_FAILURE((ExpectRowTiles<64, 1536>(rows, columns)));
      ASSERT_NO_FATAL_FAILURE((ExpectRowTiles<512, 32768>(rows, columns)));
    }
    // Of those that are no power of two, the last tile of the most rows ends beyond 2^31.
    ASSERT_NO_FATAL_FAILURE(ExpectAllRows<4>(rows));
    ASSERT_NO_FATAL_FAILURE(ExpectAllRows<8>(rows));
    ASSERT_NO_FATAL_FAILURE(ExpectAllRows<28>(rows));
    ASSERT_NO_FATAL_FAILURE(ExpectAllRows<48>(rows));
    ASSERT_NO_FATAL_FAILURE(ExpectAllRows<64>(rows));
    ASSERT_NO_FATAL_FAILURE(ExpectAllRows<432>(rows));
    ASSERT_NO_FATAL_FAILURE(ExpectAllRows<4080>(rows));
    ASSERT_NO_FATAL_FAILURE(ExpectAllRows<4096>(rows));
  }
}

}  // namespace
}  // namespace tilewright
