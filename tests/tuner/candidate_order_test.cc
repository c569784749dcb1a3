#include "tuner/candidate_order.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "tests/fakes/fake_profiler.h"
#include "tuner/problem/canonical_problem.h"

namespace tilewright {
namespace {

RankedVariant Variant(int tile, int raster_group, double seconds) {
  RankedVariant ranked;
  ranked.variant.set_template_name("gemm_sm90");
  for (const auto& [name, value] :
       {std::pair{"raster_group", raster_group}, std::pair{"tile_m", tile}}) {
    v1::Parameter& parameter = *ranked.variant.mutable_config()->add_parameters();
    parameter.set_name(name);
    parameter.set_value(value);
  }
  ranked.predicted_seconds = seconds;
  return ranked;
}

std::vector<double> SecondsOf(const std::vector<RankedVariant>& ranked) {
  std::vector<double> seconds;
  for (const RankedVariant& variant : ranked) seconds.push_back(variant.predicted_seconds);
  return seconds;
}

// A list of 64 once held four kernels of 6 and more orders each, and missed the best by 3 %.
TEST(SpreadKernelsTest, TheFourthOrderOfAKernelComesLast) {
  std::vector<RankedVariant> ranked = {Variant(128, 1, 1), Variant(128, 2, 2), Variant(128, 4, 3),
                                       Variant(128, 8, 4), Variant(256, 1, 5), Variant(128, 16, 6),
                                       Variant(192, 1, 7)};
  SpreadKernels(ranked);
  EXPECT_EQ(SecondsOf(ranked), (std::vector<double>{1, 2, 3, 5, 7, 4, 6}));
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

}  // namespace
}  // namespace tilewright
