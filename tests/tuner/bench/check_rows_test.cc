#include "tuner/bench/check_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "tuner/bench/reference_kernels.h"

namespace tilewright {
namespace {

v1::GemmProblem Shape(int64_t m, int64_t n, int64_t k, int64_t batch) {
  v1::GemmProblem problem;
  problem.set_m(m);
  problem.set_n(n);
  problem.set_k(k);
  problem.set_batch(batch);
  return problem;
}

void ExpectGroupsOfOneBatch(const std::vector<int64_t>& rows, int64_t m) {
  ASSERT_EQ(rows.size() % kReferenceBlockRows, 0u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i] / m, rows[i / kReferenceBlockRows * kReferenceBlockRows] / m);
  }
}

TEST(CheckRowsTest, AllRowsOfASmallProblem) {
  const auto rows = RowsToCheck(Shape(100, 64, 64, 3));
  EXPECT_EQ(std::set<int64_t>(rows.begin(), rows.end()).size(), 300u);
  ExpectGroupsOfOneBatch(rows, 100);
}

TEST(CheckRowsTest, OneRow) {
  const auto rows = RowsToCheck(Shape(1, 1, 1, 1));
  EXPECT_EQ(rows.size(), static_cast<std::size_t>(kReferenceBlockRows));
  EXPECT_EQ(std::set<int64_t>(rows.begin(), rows.end()), std::set<int64_t>{0});
}

TEST(CheckRowsTest, LargeProblemsStayWithinTheBudget) {
  const auto rows = RowsToCheck(Shape(8192, 8192, 8192, 1));
  EXPECT_LE(static_cast<double>(rows.size()) * 8192 * 8192, kReferenceProducts * 1.3);
  EXPECT_GE(rows.size(), 100u);
  EXPECT_EQ(rows.front(), 0);
  EXPECT_EQ(*std::max_element(rows.begin(), rows.end()), 8191);
}

// A kernel that goes wrong in one row of its tiles must meet a row that is looked at.
TEST(CheckRowsTest, PlacesInsideOfTilesTakeTurns) {
  const auto rows = RowsToCheck(Shape(8192, 8192, 8192, 1));
  std::set<int64_t> places;
  for (const int64_t row : rows) places.insert(row % 16);
  EXPECT_EQ(places.size(), 16u);
}

TEST(CheckRowsTest, EveryTileOfRowsIsMet) {
  const auto rows = RowsToCheck(Shape(8192, 8192, 8192, 1));
  std::set<int64_t> tiles;
  for (const int64_t row : rows) tiles.insert(row / 128);
  EXPECT_EQ(tiles.size(), 64u);
}

TEST(CheckRowsTest, ManyLargeBatchesAreSampledFirstAndLastAmongThem) {
  const auto rows = RowsToCheck(Shape(4096, 4096, 4096, 512));
  ExpectGroupsOfOneBatch(rows, 4096);
  EXPECT_EQ(rows.front(), 0);
  EXPECT_EQ(*std::max_element(rows.begin(), rows.end()), 512 * 4096 - 1);
  EXPECT_LE(static_cast<double>(rows.size()) * 4096 * 4096, kReferenceProducts * 1.3);
}

// Once took half a minute and gigabytes: products are few where k is small, rows are not.
TEST(CheckRowsTest, ManyShortRowsAndWideFlatOnesAreBoundedToo) {
  const auto tall = RowsToCheck(Shape(100000000, 9, 17, 1));
  EXPECT_LE(static_cast<double>(tall.size()), kReferenceRows + kReferenceBlockRows);
  const auto flat = RowsToCheck(Shape(8192, 50257, 1, 1));
  EXPECT_LE(static_cast<double>(flat.size()) * 50257, kReferenceElements * 1.1);
}

TEST(CheckRowsTest, ARowThatIsOverTheBudgetIsStillChecked) {
  EXPECT_FALSE(RowsToCheck(Shape(4, 1 << 20, 1 << 20, 1)).empty());
}

TEST(CheckRowsTest, TheLargestSizesHaveRowsToCheck) {
  constexpr int64_t kMost = INT32_MAX;
  for (const v1::GemmProblem& shape :
       {Shape(kMost, 8, 8, 1), Shape(8, 8, kMost - 7, 1), Shape(1, kMost, 8, 1),
        Shape(kMost, 1, 1, 65535), Shape(kMost - 64, 16, 1, 2)}) {
    const auto rows = RowsToCheck(shape);
    ExpectGroupsOfOneBatch(rows, shape.m());
    int64_t last = 0;
    for (const int64_t row : rows) {
      ASSERT_GE(row, 0);
      ASSERT_LT(row, shape.m() * shape.batch());
      last = std::max(last, row);
    }
    EXPECT_EQ(last, shape.m() * shape.batch() - 1);
    EXPECT_LE(rows.size(), 2 * kReferenceRows);
  }
}

TEST(ReferenceGridTest, BlocksShareKWhereItIsLongAndThereAreFewOfThem) {
  EXPECT_EQ(ReferenceGrid(4096, 4096, 4096).z, 1u);
  EXPECT_EQ(ReferenceGrid(16, 8, 131071).z, 1u);
  EXPECT_EQ(ReferenceGrid(16, 8, 262144).z, 2u);
  const GridSize longest = ReferenceGrid(16, 8, INT32_MAX);
  EXPECT_EQ(longest.x, 1u);
  EXPECT_EQ(longest.y, 1u);
  EXPECT_EQ(longest.z, 2048u);
  const GridSize widest = ReferenceGrid(131072, INT32_MAX, 1);
  EXPECT_EQ(widest.x, 1u << 25);
  EXPECT_LE(widest.y, 65535u);
  EXPECT_EQ(widest.z, 1u);
}

}  // namespace
}  // namespace tilewright
