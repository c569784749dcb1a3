// Whether the mask looks random where a network would notice: rates of rows, columns and tiles, and
// pairs of elements that are near each other or share a Philox call, a word, a seed or an offset.
//
// Every statistic is a count of independent trials with a known chance: kept elements (q = 1 - p),
// or disjoint pairs that are both kept (q^2). For such a count, x of n,
//   P(|deviation| > z) <= 2 exp(-z^2 / 2),  deviation = sign(x - nq) sqrt(2 n KL(x / n, q)),
// by Chernoff's bound: exact at any n and q, where the usual z-score, which it tends to, is not in
// the tails. The largest of a family of counts is judged by the union bound: with an equal share
// of kFalseAlarm for each family, z = sqrt(2 ln(2 * counts * families / kFalseAlarm)). Seeds are
// fixed, so that a good mask passes always; kFalseAlarm says how likely a choice of seeds was to
// fail without a fault.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "proto/problem/dropout_mask.h"
#include "tests/proto/problem/dropout_mask_oracle.h"

namespace tilewright {
namespace {

constexpr double kFalseAlarm = 1e-6;
constexpr uint32_t kSize = 256;
constexpr uint32_t kTile = 16;

double Divergence(double share, double chance) {
  const auto term = [](double a, double b) { return a == 0 ? 0 : a * std::log(a / b); };
  return term(share, chance) + term(1 - share, 1 - chance);
}

double Deviation(double count, double trials, double chance) {
  return std::sqrt(std::max(0.0, 2 * trials * Divergence(count / trials, chance)));
}

// The largest deviation of a family of counts, and how many there were.
struct Family {
  double largest = 0;
  int counts = 0;

  void Add(double count, double trials, double chance) {
    largest = std::max(largest, Deviation(count, trials, chance));
    ++counts;
  }
  // Above 1: beyond the bound, were this family all that is tested.
  double OfBound(int families) const {
    return largest / std::sqrt(2 * std::log(2.0 * counts * families / kFalseAlarm));
  }
};

using Families = std::map<std::string, Family>;

// `keeps` is a mask of (seed, offset, batch, row, column).
template <typename Keeps>
void AddRates(const Keeps& keeps, double q, Families& families) {
  for (uint32_t i = 0; i < kSize; ++i) {
    int row = 0;
    int column = 0;
    int tile = 0;
    for (uint32_t j = 0; j < kSize; ++j) {
      row += keeps(1, 2, 3, i, j);
      column += keeps(1, 2, 3, j, i);
      // kSize tiles of kSize elements.
      tile += keeps(1, 2, 3, i / kTile * kTile + j / kTile, i % kTile * kTile + j % kTile);
    }
    families["row"].Add(row, kSize, q);
    families["column"].Add(column, kSize, q);
    families["tile"].Add(tile, kSize, q);
  }
}

template <typename First, typename Second>
void AddPairs(const char* name, const First& first, const Second& second, double q,
              Families& families) {
  int both = 0;
  int pairs = 0;
  for (uint32_t i = 0; i < kSize; ++i) {
    for (uint32_t j = 0; j < kSize; ++j, ++pairs) both += first(i, j) && second(i, j);
  }
  families[name].Add(both, pairs, q * q);
}

template <typename Keeps>
Families Statistics(const Keeps& keeps, double q) {
  Families families;
  AddRates(keeps, q, families);
  const auto at = [&](uint64_t seed, uint64_t offset, uint32_t batch) {
    return [=, &keeps](uint32_t i, uint32_t j) { return keeps(seed, offset, batch, i, j); };
  };
  // Pairs within a mask are disjoint: (i, j) counts pairs, not elements.
  const auto within = [&](const char* name, auto row, auto column, uint32_t down, uint32_t right) {
    AddPairs(
        name, [&](uint32_t i, uint32_t j) { return keeps(1, 2, 3, row(i), column(j)); },
        [&](uint32_t i, uint32_t j) { return keeps(1, 2, 3, row(i) + down, column(j) + right); }, q,
        families);
  };
  const auto same = [](uint32_t i) { return i; };
  const auto even = [](uint32_t i) { return 2 * i; };
  const auto odd = [](uint32_t i) { return 2 * i + 1; };
  const auto half = [](uint32_t i) { return i / 8 * 16 + i % 8; };
  within("halves of a word", same, even, 0, 1);
  within("neighbours of two calls", same, odd, 0, 1);
  within("rows", even, same, 1, 0);
  within("rows of a call", half, same, 8, 0);
  within("columns of a call", same, half, 0, 8);
  within(
      "blocks of rows", [](uint32_t i) { return i / 16 * 32 + i % 16; }, same, 16, 0);
  within(
      "blocks of columns", same, [](uint32_t i) { return i / 16 * 32 + i % 16; }, 0, 16);
  AddPairs("seeds", at(1, 2, 3), at(2, 2, 3), q, families);
  AddPairs("high words of seeds", at(1, 2, 3), at(1 + (uint64_t{1} << 32), 2, 3), q, families);
  AddPairs("offsets", at(1, 2, 3), at(1, 3, 3), q, families);
  AddPairs("high words of offsets", at(1, 2, 3), at(1, 2 + (uint64_t{1} << 32), 3), q, families);
  AddPairs("batches", at(1, 2, 3), at(1, 2, 4), q, families);
  return families;
}

// The families beyond their bounds.
std::map<std::string, double> Beyond(const Families& families) {
  std::map<std::string, double> beyond;
  for (const auto& [name, family] : families) {
    const double of_bound = family.OfBound(static_cast<int>(families.size()));
    if (of_bound > 1) beyond[name] = of_bound;
  }
  return beyond;
}

class DropoutMaskStatisticsTest : public testing::TestWithParam<int> {};

TEST_P(DropoutMaskStatisticsTest, LooksRandom) {
  for (const double p : {0.1, 0.5, 0.9}) {
    const uint32_t threshold = QuantizeProbability(p);
    const auto keeps = [&](uint64_t seed, uint64_t offset, uint32_t batch, uint32_t row,
                           uint32_t column) {
      return DropoutMask{seed, offset, GetParam(), threshold}.Keeps(batch, row, column);
    };
    const Families families = Statistics(keeps, 1 - 1.0 * threshold / kDropoutSteps);
    EXPECT_EQ(families.size(), 15u);
    EXPECT_EQ(Beyond(families), (std::map<std::string, double>())) << "p = " << p;
  }
}

INSTANTIATE_TEST_SUITE_P(Rounds, DropoutMaskStatisticsTest, testing::Values(7, 10));

// The rest shows that the statistics find masks that are wrong.
bool Sound(uint64_t seed, uint64_t offset, uint32_t batch, uint32_t row, uint32_t column) {
  return DropoutMask{seed, offset, 7, 16384}.Keeps(batch, row, column);
}

TEST(BadMasksTest, OneDecisionARowIsFound) {
  const auto bad = [](uint64_t seed, uint64_t offset, uint32_t batch, uint32_t row, uint32_t) {
    return Sound(seed, offset, batch, row, 0);
  };
  const auto beyond = Beyond(Statistics(bad, 0.5));
  EXPECT_TRUE(beyond.contains("row"));
  EXPECT_TRUE(beyond.contains("halves of a word"));
}

TEST(BadMasksTest, AnOffsetThatIsNotUsedIsFound) {
  const auto bad = [](uint64_t seed, uint64_t, uint32_t batch, uint32_t row, uint32_t column) {
    return Sound(seed, 0, batch, row, column);
  };
  const auto beyond = Beyond(Statistics(bad, 0.5));
  EXPECT_TRUE(beyond.contains("offsets"));
  EXPECT_TRUE(beyond.contains("high words of offsets"));
  EXPECT_EQ(beyond.size(), 2u);
}

TEST(BadMasksTest, OneHalfThatServesTwoElementsIsFound) {
  const auto bad = [](uint64_t seed, uint64_t offset, uint32_t batch, uint32_t row,
                      uint32_t column) { return Sound(seed, offset, batch, row, column / 2 * 2); };
  EXPECT_TRUE(Beyond(Statistics(bad, 0.5)).contains("halves of a word"));
}

// One in 16 of the elements does not use the offset.
TEST(BadMasksTest, AFaintCorrelationIsFound) {
  const auto bad = [](uint64_t seed, uint64_t offset, uint32_t batch, uint32_t row,
                      uint32_t column) {
    const bool repeats = (row + column) % 16 == 0;
    return Sound(seed, repeats ? 0 : offset, batch, row, column);
  };
  EXPECT_TRUE(Beyond(Statistics(bad, 0.5)).contains("offsets"));
}

TEST(BadMasksTest, ARateThatIsOffByAHundredthIsFound) {
  const auto bad = [](uint64_t seed, uint64_t offset, uint32_t batch, uint32_t row,
                      uint32_t column) {
    return DropoutMask{seed, offset, 7, 32768 - 655}.Keeps(batch, row, column);
  };
  EXPECT_FALSE(Beyond(Statistics(bad, 0.5)).empty());
}

}  // namespace
}  // namespace tilewright
