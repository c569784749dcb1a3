// Compiles samples of what the templates offer: every config they call legal compiles,
// and keeps the bounds that the candidate builder holds it to.
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "proto/problem/gemm/precision.h"
#include "tests/kernel_templates/nvrtc_compile.h"
#include "tests/kernel_templates/resource_checks.h"
#include "tests/tuner/codegen/gemm_problems.h"
#include "tests/tuner/template/variants.h"
#include "tuner/target/target.h"
#include "tuner/template/gemm_simt/parameters.h"
#include "tuner/template/gemm_sm80/parameters.h"
#include "tuner/template/gemm_sm90/parameters.h"
#include "tuner/template/registry.h"
#include "tuner/template/template.h"
#include "tuner/template/tiled_gemm/launch_plan.h"

namespace tilewright {
namespace {

constexpr int kSamplesPerCase = 2;
constexpr int kWarpgroupSamples = 1;

int BoundOf(const v1::GemmProblem& gemm, const v1::Variant& variant) {
  if (variant.template_name() == "gemm_simt") {
    return RegisterBound(gemm, GemmSimtParameters().Parse(variant.config()).value());
  }
  if (variant.template_name() == "gemm_sm90") {
    return RegisterBound(gemm, GemmSm90Parameters().Parse(variant.config()).value());
  }
  return RegisterBound(gemm, GemmSm80Parameters().Parse(variant.config()).value());
}

void ExpectKeepsItsBounds(const v1::Problem& problem, const v1::Variant& variant,
                          const std::string& architecture) {
  const auto source = RenderSource(problem, variant);
  ASSERT_TRUE(source.ok()) << source.status();
  SCOPED_TRACE(architecture + "\n" + *source);
  const CompileReport report = CompileWithNvrtc(*source, architecture);
  ASSERT_TRUE(report.ok) << report.log;
  // gemm_sm90 never spills: the registers it may use are its own choice.
  const int spill_bound = variant.template_name() == "gemm_sm90" ? 0 : kMaxSpillBytes;
  ExpectEntry(report, kGemmEntry, BoundOf(problem.gemm(), variant), spill_bound);
  if (report.entries.count(std::string(kSplitEpilogueEntry)) > 0) {
    ExpectSplitEpilogue(report, problem.gemm().epilogue().has_dropout());
  }
  if (report.entries.count(std::string(kReduceEntry)) > 0) {
    ExpectEntry(report, kReduceEntry, ReduceRegisterBound(), kMaxSpillBytes);
  }
}

// Multiples of the golden ratio, modulo 1, are spread evenly however many are taken.
const v1::Variant& Sample(const std::vector<RankedVariant>& ranked, int number) {
  const double place = number * 0.6180339887498949;
  const auto index =
      static_cast<std::size_t>((place - std::floor(place)) * static_cast<double>(ranked.size()));
  return ranked[index].variant;
}

// Of one template, so that each is sampled however many configs the others have.
std::vector<RankedVariant> RankTemplate(const v1::Problem& problem, const v1::Silicon& silicon,
                                        std::string_view name) {
  return RankVariants(problem, silicon, FindTemplate(name));
}

class SearchSpaceResourcesTest : public testing::TestWithParam<v1::DataType> {};

TEST_P(SearchSpaceResourcesTest, SamplesCompileWithinTheirBounds) {
  const v1::DataType type = GetParam();
  const v1::Silicon silicon = FindTargetProfile("h100-sxm").value();
  const std::string architecture = ArchitectureFor(silicon).value();
  // Rows of 16, 8, 4 and 2 bytes' alignment where elements are 16 bits.
  const std::vector<int64_t> extents = {1024, 1020, 1022, 1021};
  int number = type;  // Other types sample other places.
  int extent = 0;
  for (const char* layout : {"NN", "NT", "TN", "TT"}) {
    for (int i = 0; i < kSamplesPerCase; ++i, ++number, ++extent) {
      const int64_t size = extents[(extent + extent / 4) % extents.size()];
      v1::Problem problem = MakeGemm(type, layout, size, size, size);
      if (i % 2 == 1 && type != v1::DATA_TYPE_INT8) {
        problem = WithFullEpilogue(problem, v1::ACTIVATION_GELU_ERF);
      }
      ASSERT_FALSE(RankVariants(problem, silicon).empty());
      for (const char* name : {"gemm_simt", "gemm_sm80", "gemm_sm90"}) {
        const std::vector<RankedVariant> ranked = RankTemplate(problem, silicon, name);
        if (ranked.empty()) continue;
        ExpectKeepsItsBounds(problem, Sample(ranked, number), architecture);
      }
    }
  }
}

// Operands that TMA reads, D in rows that it writes and in others, with every load of epilogue.
TEST(WarpgroupResourcesTest, SamplesCompileWithinTheirBounds) {
  const v1::Silicon silicon = FindTargetProfile("h100-sxm").value();
  const std::string architecture = ArchitectureFor(silicon).value();
  int number = 0;
  for (const v1::DataType type :
       {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16, v1::DATA_TYPE_TF32, v1::DATA_TYPE_E4M3}) {
    const bool has_layouts = type == v1::DATA_TYPE_BF16 || type == v1::DATA_TYPE_FP16;
    for (const char* layout : {"NT", "NN", "TN"}) {
      if (!has_layouts && std::string_view(layout) != "NT") continue;
      for (const int padding : {0, 1}) {
        for (const int epilogue : {0, 1, 2}) {
          v1::Problem problem = MakeGemm(type, layout, 1024, 1024, 1024);
          v1::GemmProblem& gemm = *problem.mutable_gemm();
          if (type == v1::DATA_TYPE_E4M3) gemm.set_d_type(v1::DATA_TYPE_BF16);
          gemm.set_ldd(1024 + padding);
          if (epilogue == 1) {
            gemm.mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
            gemm.mutable_epilogue()->set_bias_type(gemm.d_type());
            gemm.mutable_epilogue()->set_activation(v1::ACTIVATION_GELU_ERF);
          }
          if (epilogue == 2) problem = WithFullEpilogue(problem, v1::ACTIVATION_SILU);
          const std::vector<RankedVariant> ranked = RankTemplate(problem, silicon, "gemm_sm90");
          ASSERT_FALSE(ranked.empty());
          for (int i = 0; i < kWarpgroupSamples; ++i) {
            ExpectKeepsItsBounds(problem, Sample(ranked, ++number), architecture);
          }
        }
      }
    }
  }
}

// Every way to scale 8-bit operands, to outputs of each width, in rows that TMA writes and others.
TEST(ScaledResourcesTest, SamplesCompileWithinTheirBounds) {
  const v1::Silicon silicon = FindTargetProfile("h100-sxm").value();
  const std::string architecture = ArchitectureFor(silicon).value();
  int number = 0;
  for (const v1::ScalingMode mode : {v1::SCALING_MODE_NONE, v1::SCALING_MODE_PER_TENSOR,
                                     v1::SCALING_MODE_PER_ROW_COLUMN, v1::SCALING_MODE_BLOCK_128}) {
    for (const v1::DataType output : {v1::DATA_TYPE_E4M3, v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32}) {
      for (const int padding : {0, 1}) {
        for (const bool has_vectors : {false, true}) {
          v1::Problem problem = MakeGemm(v1::DATA_TYPE_E4M3, "NT", 1024, 1024, 1024);
          v1::GemmProblem& gemm = *problem.mutable_gemm();
          gemm.set_d_type(output);
          gemm.set_ldd(1024 + padding);
          gemm.set_scaling_mode(mode);
          gemm.mutable_numerics()->set_promote_accumulation(mode == v1::SCALING_MODE_BLOCK_128);
          gemm.mutable_epilogue()->set_amax(has_vectors);
          gemm.mutable_epilogue()->set_scale_d(output == v1::DATA_TYPE_E4M3);
          if (has_vectors) {
            gemm.mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
            gemm.mutable_epilogue()->set_bias_type(v1::DATA_TYPE_BF16);
          }
          const std::vector<RankedVariant> ranked = RankTemplate(problem, silicon, "gemm_sm90");
          ASSERT_FALSE(ranked.empty());
          for (int i = 0; i < 2 * kWarpgroupSamples; ++i) {
            ExpectKeepsItsBounds(problem, Sample(ranked, ++number), architecture);
          }
        }
      }
    }
  }
}

// The other precisions of inputs that admit some: whatever each of them offers compiles.
TEST(WarpgroupResourcesTest, SamplesOfEveryPrecisionCompileWithinTheirBounds) {
  const v1::Silicon silicon = FindTargetProfile("h100-sxm").value();
  const std::string architecture = ArchitectureFor(silicon).value();
  int number = 0;
  for (const v1::DataType type : {v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP16}) {
    for (const int epilogue : {0, 1, 2}) {
      v1::Problem problem = MakeGemm(type, "NT", 1024, 1024, 1024);
      v1::GemmProblem& gemm = *problem.mutable_gemm();
      gemm.clear_accumulator_type();
      gemm.mutable_numerics()->set_error_budget(1e-2);
      if (epilogue == 1) {
        gemm.mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
        gemm.mutable_epilogue()->set_bias_type(gemm.d_type());
        gemm.mutable_epilogue()->set_activation(v1::ACTIVATION_GELU_ERF);
      }
      if (epilogue == 2) problem = WithFullEpilogue(problem, v1::ACTIVATION_SILU);
      std::map<v1::Precision, std::vector<RankedVariant>> by_precision;
      for (const RankedVariant& variant : RankTemplate(problem, silicon, "gemm_sm90")) {
        by_precision[PrecisionOf(problem, variant.variant)].push_back(variant);
      }
      EXPECT_EQ(by_precision.size(), type == v1::DATA_TYPE_FP32 ? 3u : 2u);
      for (const auto& [precision, ranked] : by_precision) {
        for (int i = 0; i < 2; ++i) {
          ExpectKeepsItsBounds(problem, Sample(ranked, ++number), architecture);
        }
      }
    }
  }
}

TEST(ScaledResourcesTest, IntegersCompileWithinTheirBounds) {
  const v1::Silicon silicon = FindTargetProfile("h100-sxm").value();
  const std::string architecture = ArchitectureFor(silicon).value();
  int number = 0;
  for (const v1::ScalingMode mode :
       {v1::SCALING_MODE_PER_TENSOR, v1::SCALING_MODE_PER_ROW_COLUMN}) {
    for (const v1::DataType output : {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32}) {
      for (const char* layout : {"NT", "TN"}) {
        for (const int padding : {0, 1}) {
          v1::Problem problem = MakeGemm(v1::DATA_TYPE_INT8, layout, 1024, 1024, 1024);
          problem.mutable_gemm()->set_ldd(1024 + padding);
          problem.mutable_gemm()->set_d_type(output);
          problem.mutable_gemm()->set_scaling_mode(mode);
          if (number % 2 == 1) problem = WithFullEpilogue(problem, v1::ACTIVATION_SILU);
          for (const char* name : {"gemm_sm80", "gemm_sm90"}) {
            const std::vector<RankedVariant> ranked = RankTemplate(problem, silicon, name);
            if (ranked.empty()) continue;
            ExpectKeepsItsBounds(problem, Sample(ranked, ++number), architecture);
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, SearchSpaceResourcesTest,
                         testing::Values(v1::DATA_TYPE_FP32, v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP16,
                                         v1::DATA_TYPE_BF16, v1::DATA_TYPE_INT8),
                         [](const auto& tested) { return v1::DataType_Name(tested.param); });

}  // namespace
}  // namespace tilewright
