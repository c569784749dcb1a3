#include "tests/gpu/config_cases.h"

#include <tuple>

#include "proto/problem/problem.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tests/tuner/codegen/gemm_problems.h"
#include "tests/tuner/template/variants.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

constexpr int kHopper = 90;

struct Shape {
  int tile_m;
  int tile_n;
  int consumers;
  int ping_pong;
  int swap_ab;
};
constexpr Shape kShapes[] = {{128, 256, 2, 0, 0}, {256, 128, 2, 0, 0}, {192, 128, 3, 0, 0},
                             {64, 96, 1, 0, 0},   {128, 176, 2, 1, 0}, {192, 128, 2, 1, 0},
                             {64, 256, 2, 1, 0},  {152, 256, 2, 0, 1}, {16, 128, 2, 0, 1},
                             {8, 64, 1, 0, 1},    {176, 128, 2, 1, 1}, {104, 192, 2, 1, 1}};
constexpr Shape kPromotingShapes[] = {{128, 128, 2, 0, 0}, {128, 192, 2, 0, 0}, {128, 160, 2, 0, 0},
                                      {256, 96, 2, 0, 0},  {64, 112, 1, 0, 0},  {128, 96, 2, 1, 0},
                                      {64, 192, 2, 1, 0},  {192, 64, 2, 1, 0},  {64, 256, 2, 0, 1},
                                      {16, 128, 2, 0, 1},  {8, 64, 1, 0, 1},    {56, 192, 2, 1, 1}};

GemmSm90Config ConfigOf(const Shape& shape, int cluster_m, int cluster_n, int cluster_k,
                        int promote) {
  return {.tile_m = shape.tile_m,
          .tile_n = shape.tile_n,
          .stages = 3,
          .consumers = shape.consumers,
          .ping_pong = shape.ping_pong,
          .cluster_m = cluster_m,
          .cluster_n = cluster_n,
          .cluster_k = cluster_k,
          .promote = promote,
          .swap_ab = shape.swap_ab,
          .split_k = 1,
          .raster_group = 3,
          .raster_along_n = cluster_n - 1};
}

template <std::size_t kCount>
std::vector<GemmSm90Config> WithEveryCluster(const Shape (&shapes)[kCount], int promote) {
  std::vector<GemmSm90Config> configs;
  for (const Shape& shape : shapes) {
    for (const auto& [m, n, k] : {std::tuple{1, 1, 1}, {2, 1, 1}, {1, 2, 1}, {1, 1, 2}}) {
      const GemmSm90Config config = ConfigOf(shape, m, n, k, promote);
      if (IsLegal(config)) configs.push_back(config);
    }
  }
  return configs;
}

}  // namespace

void HopperTest::SetUp() {
  if (GpuMachine::Get().silicon().compute_capability() != kHopper) {
    GTEST_SKIP() << "gemm_sm90 runs on compute capability 9.0";
  }
}

std::vector<GemmSm90Config> EveryScheduleAndCluster() { return WithEveryCluster(kShapes, 0); }

std::vector<GemmSm90Config> EveryPromotingScheduleAndCluster() {
  return WithEveryCluster(kPromotingShapes, 1);
}

void ExpectConfigsSound(const v1::Problem& problem, const std::vector<GemmSm90Config>& configs) {
  const v1::Problem canonical = *Canonicalize(problem);
  std::vector<v1::Variant> variants;
  for (const GemmSm90Config& config : configs) {
    const v1::Variant variant = MakeVariant(config);
    if (PlanForVariant(canonical, GpuMachine::Get().silicon(), variant).ok()) {
      variants.push_back(variant);
    }
  }
  ASSERT_FALSE(variants.empty()) << DescribeProblem(canonical);
  for (const v1::Candidate& candidate : CheckVariants(canonical, variants)) {
    EXPECT_TRUE(candidate.has_measurement())
        << DescribeProblem(canonical) << ", " << candidate.variant().ShortDebugString() << ": "
        << candidate.failure().message();
  }
}

}  // namespace tilewright
