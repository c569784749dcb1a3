#include "tuner/search/candidate_order.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "proto/problem/gemm/precision.h"
#include "proto/problem/problem.h"
#include "tests/fakes/fake_profiler.h"
#include "tuner/template/gemm_sm90/parameters.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

GemmSm90Config Config(int tile_m, int tile_n, int raster_group) {
  return {.tile_m = tile_m,
          .tile_n = tile_n,
          .stages = 4,
          .consumers = 2,
          .ping_pong = 0,
          .cluster_m = 1,
          .cluster_n = 1,
          .cluster_k = 1,
          .promote = 0,
          .swap_ab = 0,
          .split_k = 1,
          .raster_group = raster_group,
          .raster_along_n = 0};
}

RankedVariant Ranked(const GemmSm90Config& config, double seconds) {
  RankedVariant ranked;
  ranked.variant.set_template_name("gemm_sm90");
  *ranked.variant.mutable_config() = GemmSm90Parameters().Encode(config);
  ranked.predicted_seconds = seconds;
  return ranked;
}

RankedVariant Variant(int tile, int raster_group, double seconds) {
  return Ranked(Config(tile, 128, raster_group), seconds);
}

std::vector<double> SecondsOf(const std::vector<RankedVariant>& ranked) {
  std::vector<double> seconds;
  for (const RankedVariant& variant : ranked) seconds.push_back(variant.predicted_seconds);
  return seconds;
}

// A list of 64 once held four kernels of 6 and more orders each, and missed the best by 3 %.
TEST(SpreadKernelsTest, TheThirdOrderOfAKernelComesLast) {
  std::vector<RankedVariant> ranked = {Variant(128, 1, 1), Variant(128, 2, 2), Variant(128, 4, 3),
                                       Variant(128, 8, 4), Variant(256, 1, 5), Variant(128, 16, 6),
                                       Variant(192, 1, 7)};
  SpreadKernels(ranked);
  EXPECT_EQ(SecondsOf(ranked), (std::vector<double>{1, 2, 5, 7, 3, 4, 6}));
}

RankedVariant Epilogue(bool is_split, double seconds) {
  GemmSm90Config config = Config(128, 128, 1);
  config.split_epilogue = is_split ? 1 : 0;
  return Ranked(config, seconds);
}

TEST(ShareEpiloguesTest, EachFormHasEveryEighthPlace) {
  std::vector<RankedVariant> ranked;
  for (int i = 0; i < 20; ++i) ranked.push_back(Epilogue(false, i));
  for (int i = 20; i < 24; ++i) ranked.push_back(Epilogue(true, i));
  ShareEpilogues(ranked);
  EXPECT_EQ(SecondsOf(ranked),
            (std::vector<double>{0,  1,  2,  3,  4,  5,  6,  20, 7,  8,  9,  10,
                                 11, 12, 13, 21, 14, 15, 16, 17, 18, 19, 22, 23}));
}

TEST(ShareEpiloguesTest, LeavesARankingThatSharesAsItIs) {
  std::vector<RankedVariant> ranked;
  for (int i = 0; i < 30; ++i) ranked.push_back(Epilogue(i % 5 == 0, i));
  const std::vector<double> before = SecondsOf(ranked);
  ShareEpilogues(ranked);
  EXPECT_EQ(SecondsOf(ranked), before);
  ranked = {Epilogue(true, 1), Epilogue(true, 2)};
  ShareEpilogues(ranked);
  EXPECT_EQ(SecondsOf(ranked), (std::vector<double>{1, 2}));
}

// `stages` follows from the others.
RankedVariant Kernel(int tile_m, int tile_n, int raster_group, int stages = 4) {
  GemmSm90Config config = Config(tile_m, tile_n, raster_group);
  config.stages = stages;
  return Ranked(config, 0);
}

TEST(LocalMovesTest, NeighboursDifferByTheNearestValueOfOneParameter) {
  const std::vector<RankedVariant> ranked = {
      Kernel(128, 128, 1),     // 0: the leader
      Kernel(128, 192, 1),     // two steps up along n
      Kernel(128, 160, 1, 3),  // one step up, with a stage less
      Kernel(192, 160, 1),     // along two parameters
      Kernel(128, 96, 1),      // one step down
      Kernel(192, 128, 1),     // along m
      Kernel(128, 128, 8),     // another order
      Kernel(128, 160, 4),     // another order of a neighbour
  };
  const std::vector<std::size_t> all = LocalMoves(ranked, 1, {0}, 100);
  EXPECT_EQ(std::set<std::size_t>(all.begin(), all.end()), (std::set<std::size_t>{2, 4, 5, 6}));
  EXPECT_EQ(all.front(), 6u) << "an order costs no compile";
  EXPECT_EQ(LocalMoves(ranked, 1, {0}, 2).size(), 2u);
}

TEST(LocalMovesTest, KernelsThatWereTriedAreNoNeighbours) {
  const std::vector<RankedVariant> ranked = {Kernel(128, 128, 1), Kernel(128, 160, 1),
                                             Kernel(128, 160, 8), Kernel(128, 192, 1)};
  EXPECT_EQ(LocalMoves(ranked, 2, {0}, 100), (std::vector<std::size_t>{3}));
}

TEST(CountWithKernelsTest, OrdersOfOneKernelCountOnce) {
  const std::vector<RankedVariant> ranked = {Kernel(128, 128, 1), Kernel(128, 128, 4),
                                             Kernel(128, 160, 1), Kernel(128, 128, 8),
                                             Kernel(128, 192, 1), Kernel(128, 224, 1)};
  EXPECT_EQ(CountWithKernels(ranked, 6, 2), 4u);
  EXPECT_EQ(CountWithKernels(ranked, 3, 2), 3u);
  EXPECT_EQ(CountWithKernels(ranked, 100, 100), 6u);
}

TEST(LocalMovesTest, LeadersTakeTurns) {
  const std::vector<RankedVariant> ranked = {Kernel(128, 128, 1), Kernel(256, 64, 1),
                                             Kernel(128, 128, 2), Kernel(128, 128, 4),
                                             Kernel(256, 64, 2),  Kernel(256, 64, 4)};
  EXPECT_EQ(LocalMoves(ranked, 2, {1, 0}, 3), (std::vector<std::size_t>{4, 2, 5}));
}

// Half of a short list once held mirror images of the other half.
TEST(SpreadKernelsTest, AMirrorImageCountsAsAnOrder) {
  const auto of = [](int tile_m, int tile_n, int swap_ab, double seconds) {
    GemmSm90Config config = Config(tile_m, tile_n, 1);
    config.cluster_m = 1 + swap_ab;
    config.cluster_n = 2 - swap_ab;
    config.swap_ab = swap_ab;
    return Ranked(config, seconds);
  };
  std::vector<RankedVariant> ranked = {of(256, 128, 0, 1), of(128, 256, 1, 2), of(256, 128, 0, 3),
                                       of(256, 128, 1, 4)};
  SpreadKernels(ranked);
  EXPECT_EQ(SecondsOf(ranked), (std::vector<double>{1, 2, 4, 3}));
}

TEST(SpreadKernelsTest, ShortListsHoldManyKernelsOfARealSpace) {
  v1::Problem problem;
  problem.mutable_gemm()->set_m(8192);
  problem.mutable_gemm()->set_n(28672);
  problem.mutable_gemm()->set_k(4096);
  std::vector<RankedVariant> ranked =
      RankVariants(*Canonicalize(problem), FakeProfiler::Hopper().target().silicon());
  const std::size_t count = ranked.size();
  SpreadKernels(ranked);
  ASSERT_EQ(ranked.size(), count);
  std::set<std::string> kernels;
  for (std::size_t i = 0; i < 48; ++i) {
    v1::Config config = ranked[i].variant.config();
    for (v1::Parameter& parameter : *config.mutable_parameters()) {
      if (parameter.name().rfind("raster_", 0) == 0) parameter.set_value(1);
    }
    kernels.insert(config.SerializeAsString());
  }
  EXPECT_GE(kernels.size(), 16u);
}

v1::Problem OpenProblem(v1::DataType input, double budget) {
  v1::Problem problem;
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  gemm.set_m(4096);
  gemm.set_n(4096);
  gemm.set_k(4096);
  gemm.set_a_type(input);
  gemm.mutable_numerics()->set_error_budget(budget);
  return *Canonicalize(problem);
}

std::map<v1::Precision, int> CountPrecisions(const v1::Problem& problem,
                                             const std::vector<RankedVariant>& ranked,
                                             std::size_t count) {
  std::map<v1::Precision, int> counts;
  for (std::size_t i = 0; i < std::min(count, ranked.size()); ++i) {
    ++counts[PrecisionOf(problem, ranked[i].variant)];
  }
  return counts;
}

// By the model alone a short list would hold single products of tf32 and nothing else.
TEST(SharePrecisionsTest, EveryPrecisionHasItsShareOfAShortList) {
  for (const v1::DataType input : {v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP16}) {
    const v1::Problem problem = OpenProblem(input, 1e-3);
    std::vector<RankedVariant> ranked =
        RankVariants(problem, FakeProfiler::Hopper().target().silicon());
    const std::size_t count = ranked.size();
    SpreadKernels(ranked);
    SharePrecisions(problem, ranked);
    ASSERT_EQ(ranked.size(), count);
    const std::vector<v1::Precision> admitted = AdmissiblePrecisions(problem.gemm());
    const auto counts = CountPrecisions(problem, ranked, 48);
    for (const v1::Precision precision : admitted) {
      EXPECT_EQ(counts.at(precision), 48 / static_cast<int>(admitted.size()))
          << v1::Precision_Name(precision);
    }
  }
}

TEST(SharePrecisionsTest, OnePrecisionKeepsItsOrder) {
  v1::Problem problem;
  problem.mutable_gemm()->set_m(512);
  problem.mutable_gemm()->set_n(512);
  problem.mutable_gemm()->set_k(512);
  std::vector<RankedVariant> ranked = {Variant(128, 1, 1), Variant(128, 2, 2), Variant(256, 1, 5)};
  SharePrecisions(*Canonicalize(problem), ranked);
  EXPECT_EQ(SecondsOf(ranked), (std::vector<double>{1, 2, 5}));
}

// 2^-18 * sqrt(k) bounds the error of promoted sums, 2^-21 * k that of a chain in fp32.
TEST(KeepProvenTest, LeavesWhatKeepsTheBudgetByItsBound) {
  const v1::Problem problem = OpenProblem(v1::DATA_TYPE_FP32, 1e-3);
  std::vector<RankedVariant> ranked =
      RankVariants(problem, FakeProfiler::Hopper().target().silicon());
  KeepProven(problem, ranked);
  const auto counts = CountPrecisions(problem, ranked, ranked.size());
  EXPECT_EQ(counts.size(), 1u);
  EXPECT_GT(counts.at(v1::PRECISION_TF32X3_PROMOTED), 0);
}

}  // namespace
}  // namespace tilewright
