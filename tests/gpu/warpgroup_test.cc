// gemm_sm90: its schedules, clusters and store paths, chosen by hand or sampled over its space.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/codegen/gemm_problems.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tuner/problem/canonical_problem.h"

namespace tilewright {
namespace {

constexpr int kHopper = 90;

class WarpgroupTest : public testing::Test {
 protected:
  void SetUp() override {
    if (GpuMachine::Get().silicon().compute_capability() != kHopper) {
      GTEST_SKIP() << "gemm_sm90 runs on compute capability 9.0";
    }
  }
};

GemmCase Sm90Case(const std::string& name, const v1::Problem& problem, int variants,
                  bool split_k_only = false) {
  return {name, problem, variants, split_k_only, "gemm_sm90"};
}

// Profiles `configs` for `problem`, all checks on, and fails the test for what is not sound.
void ExpectConfigsSound(const v1::Problem& problem, const std::vector<GemmSm90Config>& configs) {
  const v1::Problem canonical = *Canonicalize(problem);
  std::vector<v1::Variant> variants;
  for (const GemmSm90Config& config : configs) variants.push_back(MakeVariant(config));
  ProfileRequest request;
  request.problem = canonical;
  request.kernels = CompileKernels(canonical, variants);
  ASSERT_EQ(request.kernels.size(), configs.size());
  request.include_vendor = false;
  request.max_rounds = 1;
  const auto report = GpuMachine::Get().profiler().Profile(request, Cancellation(), nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  for (const v1::Candidate& candidate : report->kernels) {
    EXPECT_TRUE(candidate.has_measurement())
        << DescribeProblem(canonical) << ", " << candidate.variant().ShortDebugString() << ": "
        << candidate.failure().message();
  }
}

struct Shape {
  int tile_m;
  int tile_n;
  int consumers;
  int ping_pong;
  int swap_ab;
};
constexpr Shape kShapes[] = {
    {128, 256, 2, 0, 0}, {256, 128, 2, 0, 0}, {192, 128, 3, 0, 0}, {64, 96, 1, 0, 0},
    {128, 176, 2, 1, 0}, {192, 128, 2, 1, 0}, {64, 256, 2, 1, 0},  {152, 256, 2, 0, 1},
    {16, 128, 2, 0, 1},  {8, 64, 1, 0, 1},    {176, 128, 2, 1, 1}, {104, 192, 2, 1, 1}};

GemmSm90Config ConfigOf(const Shape& shape, int cluster_m, int cluster_n, int cluster_k) {
  return {.tile_m = shape.tile_m,
          .tile_n = shape.tile_n,
          .stages = 3,
          .consumers = shape.consumers,
          .ping_pong = shape.ping_pong,
          .cluster_m = cluster_m,
          .cluster_n = cluster_n,
          .cluster_k = cluster_k,
          .promote = 0,
          .swap_ab = shape.swap_ab,
          .split_k = 1,
          .raster_group = 3,
          .raster_along_n = cluster_n - 1};
}

std::vector<GemmSm90Config> EveryScheduleAndCluster() {
  std::vector<GemmSm90Config> configs;
  for (const Shape& shape : kShapes) {
    for (const auto& [m, n, k] : {std::tuple{1, 1, 1}, {2, 1, 1}, {1, 2, 1}, {1, 1, 2}}) {
      const GemmSm90Config config = ConfigOf(shape, m, n, k);
      if (IsLegal(config)) configs.push_back(config);
    }
  }
  return configs;
}

// Odd numbers of tiles: clusters hang over the edges.
TEST_F(WarpgroupTest, EveryScheduleAndClusterOnRaggedShapes) {
  ExpectConfigsSound(Gemm(777, 1288, 520, v1::DATA_TYPE_BF16), EveryScheduleAndCluster());
}

// More tiles than blocks, so that the ring and its phases go round.
TEST_F(WarpgroupTest, EveryScheduleAndClusterOverManyTiles) {
  ExpectConfigsSound(Gemm(5003, 4096, 192, v1::DATA_TYPE_BF16), EveryScheduleAndCluster());
}

TEST_F(WarpgroupTest, EveryScheduleAndClusterOnOneElement) {
  ExpectConfigsSound(Gemm(1, 8, 8, v1::DATA_TYPE_BF16), EveryScheduleAndCluster());
}

// D without TMA: rows that begin at 2 bytes.
TEST_F(WarpgroupTest, UnalignedRowsOfD) {
  std::vector<GemmCase> cases;
  for (const int64_t n : {1, 7, 129, 1001, 2050, 3076}) {
    cases.push_back(
        Sm90Case(absl::StrCat("n ", n), Gemm(333, n, 264, v1::DATA_TYPE_BF16), 8));
  }
  ExpectSound(cases);
}

TEST_F(WarpgroupTest, EveryTypeAndLayout) {
  std::vector<GemmCase> cases;
  for (const v1::DataType type : {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16}) {
    for (const char* letters : {"NN", "NT", "TN", "TT"}) {
      GemmCase one =
          Sm90Case(absl::StrCat(ShortName(type), " ", letters), Gemm(328, 456, 392, type), 10);
      SetLayout(one.problem, letters);
      cases.push_back(one);
    }
  }
  for (const v1::DataType type : {v1::DATA_TYPE_TF32, v1::DATA_TYPE_INT8}) {
    cases.push_back(Sm90Case(ShortName(type), Gemm(328, 456, 400, type), 10));
  }
  ExpectSound(cases);
}

TEST_F(WarpgroupTest, BatchesAndSplits) {
  v1::Problem batched = Gemm(200, 264, 136, v1::DATA_TYPE_BF16);
  batched.mutable_gemm()->set_batch(7);
  ExpectSound({Sm90Case("batches", batched, 10),
               Sm90Case("splits", Gemm(64, 512, 4096, v1::DATA_TYPE_BF16), 10, true),
               Sm90Case("thin", Gemm(5, 1024, 4096, v1::DATA_TYPE_FP16), 16)});
}

v1::Problem WithBiasAndActivation(v1::Problem problem) {
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  epilogue.set_activation(v1::ACTIVATION_GELU_TANH);
  epilogue.set_amax(true);
  epilogue.set_non_finite_flag(true);
  return problem;
}

TEST_F(WarpgroupTest, EpiloguesOfEveryStorePath) {
  std::vector<GemmCase> cases;
  for (const v1::DataType output : {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32}) {
    for (const int64_t n : {520, 513}) {
      const v1::Problem plain = Gemm(700, n, 200, v1::DATA_TYPE_BF16, output);
      cases.push_back(Sm90Case("bias and activation", WithBiasAndActivation(plain), 10));
      v1::Problem by_row = WithBiasAndActivation(plain);
      by_row.mutable_gemm()->mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_ROW);
      cases.push_back(Sm90Case("bias per row", by_row, 6));
      v1::Problem residual = WithBiasAndActivation(plain);
      residual.mutable_gemm()->mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_RESIDUAL);
      residual.mutable_gemm()->mutable_epilogue()->set_aux_type(output);
      cases.push_back(Sm90Case("residual and aux", residual, 6));
    }
  }
  ExpectSound(cases);
}

}  // namespace
}  // namespace tilewright
