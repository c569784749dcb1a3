// Precisions that an error budget admits: kernels of each are sound by their own tolerance, and
// their errors are what they are said to be.
#include "proto/problem/gemm/precision.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/problem/problem.h"
#include "tests/fakes/memory_store.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tests/tuner/codegen/gemm_problems.h"
#include "tests/tuner/template/variants.h"
#include "tuner/codegen/template_library.h"
#include "tuner/search/tuner.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

constexpr int kHopper = 90;
// Nothing is over this one: the tolerances alone judge.
constexpr double kAnyError = 1;

class PrecisionTest : public testing::Test {
 protected:
  void SetUp() override {
    if (GpuMachine::Get().silicon().compute_capability() != kHopper) {
      GTEST_SKIP() << "gemm_sm90 runs on compute capability 9.0";
    }
  }
};

// `problem` with its precision left to `budget`.
v1::Problem Open(v1::Problem problem, double budget = kAnyError) {
  problem.mutable_gemm()->mutable_numerics()->set_error_budget(budget);
  return problem;
}

v1::Problem InFp16(v1::Problem problem) {
  problem.mutable_gemm()->set_accumulator_type(v1::DATA_TYPE_FP16);
  return problem;
}

struct Shape {
  int tile_m;
  int tile_n;
  int consumers;
  int ping_pong;
  int swap_ab;
};

// The shapes by every cluster, with the fields of `precision`, two stages each.
std::vector<GemmSm90Config> WithEveryCluster(const std::vector<Shape>& shapes,
                                             const GemmSm90Config& precision) {
  std::vector<GemmSm90Config> configs;
  for (const Shape& shape : shapes) {
    for (const auto& [m, n, k] : {std::tuple{1, 1, 1}, {2, 1, 1}, {1, 2, 1}, {1, 1, 2}}) {
      GemmSm90Config config = precision;
      config.tile_m = shape.tile_m;
      config.tile_n = shape.tile_n;
      config.stages = 2;
      config.consumers = shape.consumers;
      config.ping_pong = shape.ping_pong;
      config.swap_ab = shape.swap_ab;
      config.cluster_m = m;
      config.cluster_n = n;
      config.cluster_k = k;
      config.split_k = 1;
      config.raster_group = 3;
      config.raster_along_n = n - 1;
      configs.push_back(config);
    }
  }
  return configs;
}

std::vector<GemmSm90Config> ThreeProducts(int promote) {
  GemmSm90Config precision{};
  precision.products = 3;
  precision.promote = promote;
  return WithEveryCluster({{128, 128, 2, 0, 0},
                           {128, 192, 2, 0, 0},
                           {256, 64, 2, 0, 0},
                           {192, 64, 3, 0, 0},
                           {64, 96, 1, 0, 0},
                           {128, 96, 2, 1, 0},
                           {64, 128, 2, 1, 0},
                           {152, 128, 2, 0, 1},
                           {16, 128, 2, 0, 1},
                           {8, 64, 1, 0, 1},
                           {88, 128, 2, 1, 1}},
                          precision);
}

std::vector<GemmSm90Config> SumsInFp16() {
  GemmSm90Config precision{};
  precision.fp16_sums = 1;
  return WithEveryCluster({{128, 256, 2, 0, 0},
                           {256, 256, 2, 0, 0},
                           {192, 240, 3, 0, 0},
                           {64, 96, 1, 0, 0},
                           {128, 176, 2, 1, 0},
                           {192, 160, 2, 1, 0},
                           {256, 128, 2, 1, 0},
                           {152, 256, 2, 0, 1},
                           {16, 128, 2, 0, 1},
                           {8, 64, 1, 0, 1},
                           {176, 128, 2, 1, 1}},
                          precision);
}

// Profiles those of `configs` that are legal for `problem`, all checks on.
void ExpectConfigsSound(const v1::Problem& problem, const std::vector<GemmSm90Config>& configs) {
  const v1::Problem canonical = *Canonicalize(problem);
  std::vector<v1::Variant> variants;
  for (const GemmSm90Config& config : configs) {
    const v1::Variant variant = MakeVariant(config);
    const bool is_legal = PlanForVariant(canonical, GpuMachine::Get().silicon(), variant).ok();
    if (is_legal) variants.push_back(variant);
  }
  EXPECT_GE(variants.size(), configs.size() / 2) << DescribeProblem(canonical);
  for (const v1::Candidate& candidate : CheckVariants(canonical, variants)) {
    EXPECT_TRUE(candidate.has_measurement())
        << DescribeProblem(canonical) << ", " << candidate.variant().ShortDebugString() << ": "
        << candidate.failure().message();
  }
}

// Odd numbers of tiles, a k that ends within a stage.
TEST_F(PrecisionTest, ThreeProductsOnRaggedShapes) {
  for (const int promote : {0, 1}) {
    ExpectConfigsSound(Open(Gemm(777, 1288, 524, v1::DATA_TYPE_FP32)), ThreeProducts(promote));
  }
}

// More tiles than blocks, so that the ring and the phases of its three barriers go round.
TEST_F(PrecisionTest, ThreeProductsOverManyTiles) {
  for (const int promote : {0, 1}) {
    ExpectConfigsSound(Open(Gemm(5003, 4096, 160, v1::DATA_TYPE_FP32)), ThreeProducts(promote));
  }
}

TEST_F(PrecisionTest, ThreeProductsOnTinyShapes) {
  for (const int promote : {0, 1}) {
    for (const auto& [m, n, k] : {std::tuple{1, 1, 4}, {1, 4, 4}, {3, 5, 36}, {65, 1, 32}}) {
      ExpectConfigsSound(Open(Gemm(m, n, k, v1::DATA_TYPE_FP32)), ThreeProducts(promote));
    }
  }
}

TEST_F(PrecisionTest, SumsInFp16OnRaggedShapes) {
  for (const v1::DataType output : {v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP32}) {
    ExpectConfigsSound(InFp16(Gemm(777, 1288, 520, v1::DATA_TYPE_FP16, output)), SumsInFp16());
  }
  // D without TMA.
  ExpectConfigsSound(InFp16(Gemm(333, 1001, 264, v1::DATA_TYPE_FP16)), SumsInFp16());
}

TEST_F(PrecisionTest, SumsInFp16OverManyTiles) {
  ExpectConfigsSound(InFp16(Gemm(5003, 4096, 192, v1::DATA_TYPE_FP16)), SumsInFp16());
}

TEST_F(PrecisionTest, SumsInFp16OnTinyShapes) {
  for (const auto& [m, n, k] : {std::tuple{1, 1, 8}, {1, 8, 8}, {3, 5, 72}, {65, 1, 64}}) {
    ExpectConfigsSound(InFp16(Gemm(m, n, k, v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP32)), SumsInFp16());
  }
}

v1::Problem WithResidualAndAux(v1::Problem problem, v1::DataType type) {
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.set_source_mode(v1::SOURCE_MODE_RESIDUAL);
  epilogue.set_aux_type(type);
  return problem;
}

// Samples of all precisions that the space offers, on every path that leads to D.
TEST_F(PrecisionTest, EpiloguesSplitsAndBatchesOfEveryPrecision) {
  std::vector<GemmCase> cases;
  for (const v1::DataType type : {v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP16}) {
    const std::string name = ShortName(type);
    const auto add = [&](const std::string& what, const v1::Problem& problem, bool splits) {
      cases.push_back({absl::StrCat(name, " ", what), Open(problem), 16, splits, "gemm_sm90"});
    };
    for (const int64_t n : {520, 513}) {
      const v1::Problem plain = Gemm(700, n, 200, type);
      add("bias and activation", WithBiasAndActivation(plain), false);
      add("residual and aux", WithResidualAndAux(plain, type), false);
    }
    add("splits", Gemm(64, 512, 4096, type), true);
    add("thin", Gemm(5, 1024, 4096, type), false);
    v1::Problem batched = Gemm(200, 264, 136, type);
    batched.mutable_gemm()->set_batch(7);
    add("batches", batched, false);
  }
  ExpectSound(cases);
}

TEST_F(PrecisionTest, SumsInFp16OfEveryLayoutAndOfFp8) {
  std::vector<GemmCase> cases;
  for (const char* letters : {"NN", "NT", "TN", "TT"}) {
    for (const char* name : {"gemm_sm80", "gemm_sm90"}) {
      GemmCase one{absl::StrCat(name, " ", letters),
                   InFp16(Gemm(328, 456, 392, v1::DATA_TYPE_FP16)), 10, false, name};
      SetLayout(one.problem, letters);
      cases.push_back(one);
    }
  }
  cases.push_back(
      {"unaligned", InFp16(Gemm(129, 131, 133, v1::DATA_TYPE_FP16)), 8, false, "gemm_sm80"});
  cases.push_back(
      {"splits", InFp16(Gemm(64, 512, 4096, v1::DATA_TYPE_FP16)), 8, true, "gemm_sm80"});
  for (const v1::DataType a : {v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E5M2}) {
    for (const v1::DataType b : {v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E5M2}) {
      GemmCase one{absl::StrCat(ShortName(a), " ", ShortName(b)),
                   InFp16(Gemm(264, 392, 336, a, v1::DATA_TYPE_FP16)), 6};
      one.problem.mutable_gemm()->set_b_type(b);
      cases.push_back(one);
    }
  }
  ExpectSound(cases);
}

// The tensor core cuts fp32 to tf32 in every layout and alignment that mma.sync takes.
TEST_F(PrecisionTest, OneProductOfFp32InEveryLayout) {
  std::vector<GemmCase> cases;
  for (const char* letters : {"NN", "NT", "TN", "TT"}) {
    GemmCase one{absl::StrCat("fp32 ", letters), Open(Gemm(131, 133, 129, v1::DATA_TYPE_FP32)), 6,
                 false, "gemm_sm80"};
    SetLayout(one.problem, letters);
    cases.push_back(one);
  }
  ExpectSound(cases);
}

// Relative errors of the best variant of each precision by the model.
std::map<v1::Precision, double> MeasureErrors(const v1::Problem& problem) {
  const v1::Problem canonical = *Canonicalize(problem);
  std::map<v1::Precision, v1::Variant> best;
  for (const RankedVariant& ranked : RankVariants(canonical, GpuMachine::Get().silicon())) {
    best.emplace(PrecisionOf(canonical, ranked.variant), ranked.variant);
  }
  std::vector<v1::Variant> variants;
  for (const auto& [precision, variant] : best) variants.push_back(variant);
  std::map<v1::Precision, double> errors;
  for (const v1::Candidate& candidate : CheckVariants(canonical, variants)) {
    EXPECT_TRUE(candidate.has_measurement()) << candidate.ShortDebugString();
    errors[PrecisionOf(canonical, candidate.variant())] = candidate.relative_error();
  }
  return errors;
}

// tf32 keeps 11 bits of each input; three products all but two of the 24.
TEST_F(PrecisionTest, ErrorsOfFp32AreWhatTheirBitsSay) {
  auto errors = MeasureErrors(Open(Gemm(1024, 1024, 4096, v1::DATA_TYPE_FP32)));
  EXPECT_GT(errors[v1::PRECISION_TF32], 1e-4);
  EXPECT_LT(errors[v1::PRECISION_TF32], 2e-3);
  EXPECT_LT(errors[v1::PRECISION_TF32X3], 1e-4);
  EXPECT_LT(errors[v1::PRECISION_TF32X3_PROMOTED], 2e-6);
  EXPECT_LT(errors[v1::PRECISION_TF32X3_PROMOTED], errors[v1::PRECISION_TF32X3]);
  EXPECT_LT(errors[v1::PRECISION_FP32], 1e-5);
}

TEST_F(PrecisionTest, ErrorsOfFp16AreWhatTheirSumsKeep) {
  auto errors = MeasureErrors(Open(Gemm(1024, 1024, 4096, v1::DATA_TYPE_FP16)));
  EXPECT_LT(errors[v1::PRECISION_FP32], 1e-3);
  EXPECT_GT(errors[v1::PRECISION_FP16_SUMS], errors[v1::PRECISION_FP32]);
  EXPECT_LT(errors[v1::PRECISION_FP16_SUMS], 0.2);
}

// A whole tuning within `budget`.
TuningRecord TuneWithin(double budget) {
  TuneRequest request;
  request.problem = *Canonicalize(Open(Gemm(2048, 2048, 2048, v1::DATA_TYPE_FP32), budget));
  request.target = GpuMachine::Get().device().target();
  v1::Environment& environment = *request.target.mutable_environment();
  environment.set_nvrtc_version(GpuMachine::Get().compiler().Library().version());
  request.device_ordinal = 0;
  MemoryStore store;
  WinnerIndex index;
  RealClock clock;
  Tuner tuner(GpuMachine::Get().compiler(), GpuMachine::Get().profiler(), store, index, clock);
  const auto result = tuner.Tune(request, Cancellation(), [](const v1::TuningProgress&) {});
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return TuningRecord();
  const StoredWinner& winner = result->winner;
  return *store.GetTuning(winner.problem_encoding, winner.silicon_key, winner.environment_key);
}

TEST_F(PrecisionTest, ABudgetDecidesThePrecision) {
  const TuningRecord loose = TuneWithin(1e-2);
  EXPECT_EQ(loose.winner.winner.candidate().precision(), v1::PRECISION_TF32);

  const TuningRecord tight = TuneWithin(5e-6);
  const v1::Candidate& winner = tight.winner.winner.candidate();
  EXPECT_TRUE(winner.precision() == v1::PRECISION_TF32X3_PROMOTED ||
              winner.precision() == v1::PRECISION_TF32X3 ||
              winner.precision() == v1::PRECISION_FP32)
      << winner.ShortDebugString();
  EXPECT_LE(winner.measurement().relative_error(), 5e-6);
  int over_budget = 0;
  for (const v1::Candidate& candidate : tight.candidates) {
    if (candidate.precision() != v1::PRECISION_TF32) continue;
    EXPECT_EQ(candidate.failure().kind(), v1::FAILURE_KIND_OVER_ERROR_BUDGET);
    EXPECT_GT(candidate.relative_error(), 5e-6);
    EXPECT_GT(candidate.checked_seconds(), 0);
    ++over_budget;
  }
  EXPECT_GT(over_budget, 0);
}

// The library's compute types race too, where it is there.
TEST_F(PrecisionTest, TheVendorsPrecisionsAreCandidates) {
  for (const auto& [type, other] : {std::pair{v1::DATA_TYPE_FP32, v1::PRECISION_TF32},
                                    {v1::DATA_TYPE_FP16, v1::PRECISION_FP16_SUMS}}) {
    ProfileRequest request;
    request.problem = *Canonicalize(Open(Gemm(512, 512, 512, type)));
    request.max_rounds = 3;
    const auto report = GpuMachine::Get().profiler().Profile(request, Cancellation(), nullptr);
    ASSERT_TRUE(report.ok()) << report.status();
    if (report->vendors.empty()) GTEST_SKIP() << "cublasLt is not installed";
    std::map<v1::Precision, int> counts;
    for (const v1::Candidate& candidate : report->vendors) {
      EXPECT_TRUE(candidate.has_measurement()) << candidate.failure().message();
      ++counts[PrecisionOf(request.problem, candidate)];
    }
    EXPECT_GT(counts[v1::PRECISION_FP32], 0);
    EXPECT_GT(counts[other], 0);
  }
}

}  // namespace
}  // namespace tilewright
