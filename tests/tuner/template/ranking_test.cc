#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "proto/problem/gemm/precision.h"
#include "tests/tuner/template/template_testing.h"
#include "tests/tuner/template/variants.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

std::vector<Parameters> Top(const std::string& fields, const std::string& target,
                            std::size_t count) {
  std::vector<Parameters> top;
  for (const RankedVariant& ranked : RankVariants(GemmOf(fields), Profile(target))) {
    if (top.size() == count) break;
    top.push_back(ParametersOf(ranked.variant.config()));
  }
  EXPECT_EQ(top.size(), count) << fields;
  return top;
}

TEST(RankVariantsTest, IsSortedLegalAndFreeOfDuplicates) {
  for (const char* fields : {"m: 4096 n: 4096 k: 4096", "m: 16 n: 4096 k: 14336",
                             "m: 333 n: 999 k: 501", "m: 512 n: 512 k: 512 a_type: DATA_TYPE_FP32",
                             "m: 512 n: 512 k: 512 a_type: DATA_TYPE_INT8",
                             "m: 512 n: 512 k: 512 a_type: DATA_TYPE_TF32"}) {
    const v1::Problem problem = GemmOf(fields);
    const v1::Silicon silicon = Profile("h100-sxm");
    std::set<std::string> seen;
    double before = 0;
    for (const RankedVariant& ranked : RankVariants(problem, silicon)) {
      EXPECT_GE(ranked.predicted_seconds, before);
      before = ranked.predicted_seconds;
      EXPECT_TRUE(seen.insert(ranked.variant.SerializeAsString()).second) << fields;
      const Template& of = TemplateNamed(ranked.variant.template_name());
      EXPECT_EQ(of.BrokenConstraint(problem, silicon, ranked.variant.config()), std::nullopt);
    }
  }
}

TEST(RankVariantsTest, IsTheSameEveryTime) {
  const v1::Problem problem = GemmOf("m: 1000 n: 1000 k: 1000");
  const auto one = RankVariants(problem, Profile("l40s"));
  const auto other = RankVariants(problem, Profile("l40s"));
  ASSERT_EQ(one.size(), other.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].variant.SerializeAsString(), other[i].variant.SerializeAsString());
  }
}

TEST(RankVariantsTest, LargeProblemsHaveHundredsOfConfigs) {
  for (const char* target : {"h100-sxm", "a100-sxm-80", "l40s", "rtx-3090", "b200"}) {
    const auto ranked = RankVariants(GemmOf("m: 8192 n: 8192 k: 8192"), Profile(target));
    EXPECT_GE(ranked.size(), 300u) << target;
    EXPECT_LE(ranked.size(), 5000u) << target;
  }
}

TEST(RankVariantsTest, EveryProblemHasAVariantOnEveryProfile) {
  constexpr const char* kShapes[] = {
      "m: 1 n: 1 k: 1",         "m: 1 n: 50257 k: 768",        "m: 50257 n: 1 k: 1",
      "m: 16 n: 16 k: 1048576", "m: 3 n: 5 k: 7 batch: 65535", "m: 100000 n: 100000 k: 1",
      "m: 255 n: 257 k: 511",   "m: 4095 n: 4095 k: 4095",     "m: 64 n: 64 k: 64"};
  constexpr const char* kLayouts[] = {
      "", " b_layout: OPERAND_LAYOUT_NORMAL", " a_layout: OPERAND_LAYOUT_TRANSPOSED",
      " a_layout: OPERAND_LAYOUT_TRANSPOSED b_layout: OPERAND_LAYOUT_NORMAL"};
  for (const char* target : {"a100-sxm-40", "h100-sxm", "l4", "rtx-3090", "b200", "rtx-5090"}) {
    const v1::Silicon silicon = Profile(target);
    for (const char* type : {"FP32", "TF32", "FP16", "BF16", "INT8"}) {
      for (const char* shape : kShapes) {
        for (const char* layout : kLayouts) {
          const v1::Problem problem =
              GemmOf(absl::StrCat(shape, layout, " a_type: DATA_TYPE_", type));
          const auto ranked = RankVariants(problem, silicon);
          ASSERT_FALSE(ranked.empty()) << target << " " << DescribeProblem(problem);
          ASSERT_GT(ranked.front().predicted_seconds, 0);
          ASSERT_LT(ranked.back().predicted_seconds, 1e6);
        }
      }
    }
  }
}

TEST(RankVariantsTest, EachTypeHasItsTemplate) {
  const v1::Silicon silicon = Profile("h100-sxm");
  for (const RankedVariant& ranked :
       RankVariants(GemmOf("m: 64 n: 64 k: 64 a_type: DATA_TYPE_FP32"), silicon)) {
    EXPECT_EQ(ranked.variant.template_name(), "gemm_simt");
  }
  for (const char* type : {"TF32", "FP16", "BF16", "INT8"}) {
    for (const RankedVariant& ranked : RankVariants(
             GemmOf(std::string("m: 64 n: 64 k: 64 a_type: DATA_TYPE_") + type), silicon)) {
      EXPECT_NE(ranked.variant.template_name(), "gemm_simt");
    }
  }
}

TEST(RankVariantsTest, HopperWantsWgmmaAndOthersHaveMmaSync) {
  const v1::Problem problem = GemmOf("m: 4096 n: 4096 k: 4096");
  EXPECT_EQ(RankVariants(problem, Profile("h100-sxm")).front().variant.template_name(),
            "gemm_sm90");
  for (const char* target : {"a100-sxm-80", "l40s", "b200"}) {
    for (const RankedVariant& ranked : RankVariants(problem, Profile(target))) {
      EXPECT_EQ(ranked.variant.template_name(), "gemm_sm80") << target;
    }
  }
}

TEST(RankVariantsTest, AnErrorBudgetHasBothKindsOfFp8SumsTried) {
  const auto promotes = [](const std::string& numerics) {
    std::set<int64_t> values;
    for (const RankedVariant& ranked :
         RankVariants(GemmOf("m: 1024 n: 1024 k: 1024 a_type: DATA_TYPE_E5M2 b_type: "
                             "DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 numerics { " +
                             numerics + " }"),
                      Profile("h100-sxm"))) {
      values.insert(ParametersOf(ranked.variant.config()).at("promote"));
    }
    return values;
  };
  EXPECT_EQ(promotes(""), std::set<int64_t>{0});
  EXPECT_EQ(promotes("promote_accumulation: true"), std::set<int64_t>{1});
  EXPECT_EQ(promotes("error_budget: 0.01"), (std::set<int64_t>{0, 1}));
}

// The precisions of all variants of a problem.
std::set<v1::Precision> PrecisionsOf(const std::string& fields, const std::string& target) {
  const v1::Problem problem = GemmOf(fields);
  std::set<v1::Precision> precisions;
  for (const RankedVariant& ranked : RankVariants(problem, Profile(target))) {
    precisions.insert(PrecisionOf(problem, ranked.variant));
  }
  return precisions;
}

TEST(RankVariantsTest, AnErrorBudgetHasEveryPrecisionTried) {
  const std::string fp32 = "m: 1024 n: 1024 k: 1024 a_type: DATA_TYPE_FP32 ";
  EXPECT_EQ(PrecisionsOf(fp32, "h100-sxm"), (std::set<v1::Precision>{v1::PRECISION_FP32}));
  const std::string budget = "numerics { error_budget: 0.01 }";
  EXPECT_EQ(PrecisionsOf(fp32 + budget, "h100-sxm"),
            (std::set<v1::Precision>{v1::PRECISION_FP32, v1::PRECISION_TF32X3_PROMOTED,
                                     v1::PRECISION_TF32X3, v1::PRECISION_TF32}));
  EXPECT_EQ(PrecisionsOf(fp32 + budget, "a100-sxm-80"),
            (std::set<v1::Precision>{v1::PRECISION_FP32, v1::PRECISION_TF32}));
  const std::string fp16 = "m: 1024 n: 1024 k: 1024 a_type: DATA_TYPE_FP16 ";
  EXPECT_EQ(PrecisionsOf(fp16, "h100-sxm"), (std::set<v1::Precision>{v1::PRECISION_FP32}));
  EXPECT_EQ(PrecisionsOf(fp16 + "accumulator_type: DATA_TYPE_FP16", "a100-sxm-80"),
            (std::set<v1::Precision>{v1::PRECISION_FP16_SUMS}));
  EXPECT_EQ(PrecisionsOf(fp16 + budget, "h100-sxm"),
            (std::set<v1::Precision>{v1::PRECISION_FP32, v1::PRECISION_FP16_SUMS}));
}

// The model knows what a precision costs: three products take about three times as long as one,
// and less than CUDA cores.
TEST(RankVariantsTest, ThreeProductsAreRankedBetweenOneAndCudaCores) {
  const v1::Problem problem =
      GemmOf("m: 8192 n: 8192 k: 8192 a_type: DATA_TYPE_FP32 numerics { error_budget: 0.01 }");
  std::map<v1::Precision, double> best;
  for (const RankedVariant& ranked : RankVariants(problem, Profile("h100-sxm"))) {
    best.emplace(PrecisionOf(problem, ranked.variant), ranked.predicted_seconds);
  }
  EXPECT_LT(2 * best[v1::PRECISION_TF32], best[v1::PRECISION_TF32X3]);
  EXPECT_LE(best[v1::PRECISION_TF32X3], best[v1::PRECISION_TF32X3_PROMOTED]);
  EXPECT_LT(best[v1::PRECISION_TF32X3_PROMOTED], best[v1::PRECISION_FP32]);
}

TEST(RankVariantsTest, OperandsThatTmaCannotReadHaveMmaSync) {
  for (const RankedVariant& ranked :
       RankVariants(GemmOf("m: 4096 n: 4096 k: 4095"), Profile("h100-sxm"))) {
    EXPECT_EQ(ranked.variant.template_name(), "gemm_sm80");
  }
}

TEST(RankVariantsTest, SquaresWantLargeTilesOfLargeWarpTiles) {
  for (const char* target : {"a100-sxm-80", "a100-sxm-40"}) {
    for (const Parameters& config : Top("m: 4096 n: 4096 k: 4096", target, 10)) {
      const int64_t area = config.at("tile_m") * config.at("tile_n");
      EXPECT_GE(area, 128 * 128) << target;
      EXPECT_EQ(config.at("tile_m") / config.at("warps_m"), 64) << target;
      EXPECT_EQ(config.at("tile_n") / config.at("warps_n"), 64) << target;
      EXPECT_EQ(config.at("split_k"), 1) << target;
      EXPECT_GE(config.at("stages"), 3) << target;
    }
  }
}

TEST(RankVariantsTest, SquaresOnHopperWantLargeTiles) {
  for (const char* target : {"h100-sxm", "h200-sxm"}) {
    for (const Parameters& config : Top("m: 4096 n: 4096 k: 4096", target, 10)) {
      EXPECT_GE(config.at("tile_m") * config.at("tile_n"), 128 * 128) << target;
      EXPECT_EQ(config.at("split_k"), 1) << target;
      EXPECT_GE(config.at("stages"), 3) << target;
    }
  }
}

// On Hopper blocks of one cluster may share k instead, and a stage holds more of it.
TEST(RankVariantsTest, ThinProblemsOnHopperWantShortTiles) {
  for (const Parameters& config : Top("m: 16 n: 4096 k: 14336", "h100-sxm", 10)) {
    EXPECT_LE(config.at("tile_m"), 32);
  }
}

TEST(RankVariantsTest, ThinProblemsWantShortTilesAndSplits) {
  for (const Parameters& config : Top("m: 16 n: 4096 k: 14336", "a100-sxm-80", 10)) {
    EXPECT_LE(config.at("tile_m"), 32);
    EXPECT_GT(config.at("split_k"), 1);
  }
}

TEST(RankVariantsTest, FullGridsAreNotSplit) {
  for (const RankedVariant& ranked :
       RankVariants(GemmOf("m: 8192 n: 8192 k: 8192"), Profile("h100-sxm"))) {
    EXPECT_EQ(ParametersOf(ranked.variant.config()).at("split_k"), 1);
  }
}

TEST(RankVariantsTest, TilesDoNotReachFarBeyondTheProblem) {
  for (const RankedVariant& ranked :
       RankVariants(GemmOf("m: 40 n: 4096 k: 4096"), Profile("h100-sxm"))) {
    EXPECT_LT(ParametersOf(ranked.variant.config()).at("tile_m"), 128);
  }
}

TEST(RankVariantsTest, OneWaveNeedsOneRasterOrder) {
  for (const RankedVariant& ranked :
       RankVariants(GemmOf("m: 256 n: 256 k: 1024"), Profile("h100-sxm"))) {
    const Parameters config = ParametersOf(ranked.variant.config());
    const int64_t tiles = (256 / config.at("tile_m")) * (256 / config.at("tile_n"));
    if (tiles <= 132) {
      EXPECT_EQ(config.at("raster_group"), 1);
    }
  }
}

// Every way to scale operands, from one element on and to rows that TMA cannot write.
TEST(RankVariantsTest, ScaledProblemsOfEveryShapeHaveSoundVariants) {
  const v1::Silicon silicon = Profile("h100-sxm");
  for (const char* mode : {"NONE", "PER_TENSOR", "PER_ROW_COLUMN", "BLOCK_128"}) {
    for (const char* types : {"a_type: DATA_TYPE_E4M3",
                              "a_type: DATA_TYPE_E5M2 b_type: "
                              "DATA_TYPE_E4M3 d_type: DATA_TYPE_FP16"}) {
      for (const char* shape : {"m: 1 n: 1 k: 16", "m: 129 n: 1 k: 128", "m: 5 n: 1024 k: 4096",
                                "m: 777 n: 1001 k: 528", "m: 4096 n: 4096 k: 4096 batch: 2"}) {
        const std::string fields =
            absl::StrCat(shape, " ", types, " scaling_mode: SCALING_MODE_", mode,
                         " epilogue { amax: true bias_mode: BIAS_MODE_PER_COLUMN }");
        const v1::Problem problem = GemmOf(fields);
        const std::vector<RankedVariant> ranked = RankVariants(problem, silicon);
        EXPECT_FALSE(ranked.empty()) << fields;
        for (const RankedVariant& variant : ranked) {
          ASSERT_TRUE(PlanForVariant(problem, silicon, variant.variant).ok()) << fields;
          ASSERT_TRUE(RenderSource(problem, variant.variant).ok()) << fields;
        }
      }
    }
  }
}

TEST(RankVariantsTest, TakesLittleTime) {
  const v1::Silicon silicon = Profile("h100-sxm");
  for (const char* fields : {"m: 4096 n: 4096 k: 4096", "m: 64 n: 4096 k: 14336"}) {
    const v1::Problem problem = GemmOf(fields);
    // The least of some runs, and twice what an idle machine takes, so that a busy one passes.
    double least = std::numeric_limits<double>::infinity();
    for (int run = 0; run < 10; ++run) {
      const auto start = std::chrono::steady_clock::now();
      EXPECT_FALSE(RankVariants(problem, silicon).empty());
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      least = std::min(least, taken.count());
    }
    EXPECT_LT(least, 0.05) << fields;
  }
}

}  // namespace
}  // namespace tilewright
