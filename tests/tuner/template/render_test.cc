// What the templates render, text for text: sources are keys of the compile cache.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/tuner/codegen/fused_dropout_problems.h"
#include "tests/tuner/codegen/gemm_problems.h"
#include "tests/tuner/template/variants.h"
#include "tuner/template/fused_dropout/parameters.h"

namespace tilewright {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr GemmSm80Config kConfig = {128, 128, 32, 2, 2, 4, 1, 8};
constexpr GemmSimtConfig kSimtConfig = {64, 64, 8, 8, 4, 1, 8};

std::string Render(const v1::Problem& problem, const v1::Variant& variant) {
  const auto source = RenderSource(problem, variant);
  EXPECT_TRUE(source.ok()) << source.status();
  return source.value_or("");
}

// The reason of an INVALID_ARGUMENT, or what came instead.
std::string InvalidReason(const v1::Problem& problem, const v1::Variant& variant) {
  const auto source = RenderSource(problem, variant);
  if (source.ok()) return "rendered";
  if (source.status().code() != absl::StatusCode::kInvalidArgument) {
    return source.status().ToString();
  }
  return ReasonOf(source.status());
}

TEST(RenderSourceTest, SpellsTheVariantOut) {
  v1::Problem problem = MakeGemm(v1::DATA_TYPE_BF16, "NT");
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  epilogue.set_bias_type(v1::DATA_TYPE_FP32);
  epilogue.set_activation(v1::ACTIVATION_GELU_TANH);
  epilogue.set_amax(true);
  EXPECT_EQ(Render(problem, MakeVariant(kConfig)), R"(#include "gemm/gemm_sm80.cuh"

using namespace tilewright;
using Variant = GemmSm80<
    OperandSpec{.type = Type::kBf16, .k_major = true, .access_bytes = 16},
    OperandSpec{.type = Type::kBf16, .k_major = true, .access_bytes = 16},
    EpilogueSpec{.d_type = Type::kBf16, .d_access_bytes = 16, .bias = Bias::kPerColumn, .bias_type = Type::kFp32, .activation = Activation::kGeluTanh, .amax = true},
    GemmSm80Config{.tile_m = 128, .tile_n = 128, .tile_k = 32, .warps_m = 2, .warps_n = 2, .stages = 4, .split_k = 1, .raster_group = 1}, false>;
TILEWRIGHT_GEMM_ENTRY(Variant)
)");
}

TEST(RenderSourceTest, SpellsACudaCoreVariantOut) {
  v1::Problem problem = MakeGemm(v1::DATA_TYPE_FP32, "TN");
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  gemm.mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_ROW);
  gemm.mutable_epilogue()->set_bias_type(v1::DATA_TYPE_FP16);
  gemm.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_RESIDUAL);
  gemm.mutable_epilogue()->set_source_type(v1::DATA_TYPE_FP32);
  gemm.set_ldc(514);
  GemmSimtConfig config = kSimtConfig;
  config.split_k = 3;
  EXPECT_EQ(Render(problem, MakeVariant(config)), R"(#include "gemm/gemm_simt.cuh"

using namespace tilewright;
using Variant = GemmSimt<
    OperandSpec{.type = Type::kFp32, .k_major = false, .access_bytes = 16},
    OperandSpec{.type = Type::kFp32, .k_major = false, .access_bytes = 16},
    EpilogueSpec{.d_type = Type::kFp32, .d_access_bytes = 16, .bias = Bias::kPerRow, .bias_type = Type::kFp16, .source = Source::kResidual, .source_type = Type::kFp32, .source_access_bytes = 8},
    GemmSimtConfig{.tile_m = 64, .tile_n = 64, .tile_k = 8, .thread_m = 8, .thread_n = 4, .split_k = 1, .raster_group = 1}, true>;
TILEWRIGHT_GEMM_ENTRY(Variant)
TILEWRIGHT_REDUCE_ENTRY(Variant)
)");
}

TEST(RenderSourceTest, SpellsAFusedDropoutOut) {
  const v1::Problem problem = FusedDropoutOf(
      "rows: 64 columns: 4096 operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL normalization: "
      "NORMALIZATION_LAYER_NORM backward: true dropout { probability: 0.5 store_mask: true }");
  const FusedDropoutConfig config = {.vector = 8,
                                     .slots = 2,
                                     .column_threads = 256,
                                     .threads = 256,
                                     .tile_m = 16,
                                     .ring_parts = 4};
  EXPECT_EQ(Render(problem, MakeVariant("fused_dropout", FusedDropoutParameters().Encode(config))),
            R"(#include "dropout/fused_dropout.cuh"

using namespace tilewright;
using Variant = FusedDropout<
    FusedDropoutSpec{.type = Type::kBf16, .x_access_bytes = 16, .y_access_bytes = 16, .operation = DropoutOperation::kBiasDropoutResidual, .normalization = Normalization::kLayerNorm, .backward = true, .dropout_rounds = 7, .store_mask = true, .bias_type = Type::kBf16, .residual_type = Type::kBf16, .residual_access_bytes = 16, .weight_type = Type::kBf16, .pre_norm_type = Type::kBf16, .pre_norm_access_bytes = 16},
    FusedDropoutConfig{.vector = 8, .slots = 2, .column_threads = 256, .threads = 256, .tile_m = 16, .ring_parts = 4}>;
TILEWRIGHT_FUSED_DROPOUT_ENTRY(Variant)
TILEWRIGHT_COLUMN_REDUCE_ENTRY(Variant)
)");
}

TEST(RenderSourceTest, SpellsAWarpgroupVariantOut) {
  const GemmSm90Config config = {.tile_m = 128,
                                 .tile_n = 256,
                                 .stages = 4,
                                 .consumers = 2,
                                 .ping_pong = 0,
                                 .cluster_m = 2,
                                 .cluster_n = 1,
                                 .cluster_k = 1,
                                 .promote = 0,
                                 .swap_ab = 0,
                                 .split_k = 1,
                                 .raster_group = 8,
                                 .raster_along_n = 1};
  EXPECT_EQ(Render(MakeGemm(v1::DATA_TYPE_BF16, "TN"), MakeVariant(config)),
            R"(#define TILEWRIGHT_WGMMA_COLUMNS 256
#include "gemm/gemm_sm90.cuh"

using namespace tilewright;
using Variant = GemmSm90<
    OperandSpec{.type = Type::kBf16, .k_major = false, .access_bytes = 16},
    OperandSpec{.type = Type::kBf16, .k_major = false, .access_bytes = 16},
    EpilogueSpec{.d_type = Type::kBf16, .d_access_bytes = 16},
    GemmSm90Config{.tile_m = 128, .tile_n = 256, .stages = 4, .consumers = 2, .ping_pong = 0, .cluster_m = 2, .cluster_n = 1, .cluster_k = 1, .promote = 0, .swap_ab = 0, .split_k = 1, .raster_group = 1, .raster_along_n = 0}, false>;
TILEWRIGHT_TMA_GEMM_ENTRY(Variant)
)");
}

TEST(RenderSourceTest, SpellsASplitEpilogueOut) {
  v1::Problem problem = MakeGemm(v1::DATA_TYPE_BF16, "NT");
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  epilogue.set_bias_type(v1::DATA_TYPE_FP32);
  epilogue.set_activation(v1::ACTIVATION_GELU_TANH);
  epilogue.mutable_dropout()->set_probability(0.5);
  epilogue.mutable_dropout()->set_philox_rounds(7);
  GemmSm80Config config = kConfig;
  config.split_epilogue = 1;
  EXPECT_THAT(
      Render(problem, MakeVariant(config)),
      HasSubstr(
          "    EpilogueSpec{.d_type = Type::kBf16, .d_access_bytes = 16, .bias = Bias::kPerColumn, "
          ".bias_type = Type::kFp32},\n"));
  EXPECT_THAT(
      Render(problem, MakeVariant(config)),
      HasSubstr("TILEWRIGHT_GEMM_ENTRY(Variant)\n"
                "using Rest = SplitEpilogue<EpilogueSpec{.d_type = Type::kBf16, .d_access_bytes = "
                "16, .bias = Bias::kPerColumn, .bias_type = Type::kFp32, .activation = "
                "Activation::kGeluTanh, .dropout_rounds = 7}>;\n"
                "TILEWRIGHT_SPLIT_EPILOGUE_ENTRY(Rest)\n"));
  epilogue.set_aux_type(v1::DATA_TYPE_FP32);
  problem.mutable_gemm()->set_ld_aux(problem.gemm().ldd());
  EXPECT_THAT(Render(problem, MakeVariant(config)),
              HasSubstr("EpilogueSpec{.d_type = Type::kFp32, .d_access_bytes = 16, .bias = "
                        "Bias::kPerColumn, .bias_type = Type::kFp32, .to_aux = true},"));
}

constexpr GemmSm90Config kPromoting = {.tile_m = 128,
                                       .tile_n = 160,
                                       .stages = 4,
                                       .consumers = 2,
                                       .ping_pong = 0,
                                       .cluster_m = 1,
                                       .cluster_n = 1,
                                       .cluster_k = 1,
                                       .promote = 1,
                                       .swap_ab = 0,
                                       .split_k = 1,
                                       .raster_group = 1,
                                       .raster_along_n = 0};

TEST(RenderSourceTest, SpellsScalesOut) {
  v1::Problem problem = MakeGemm(v1::DATA_TYPE_E4M3, "NT");
  problem.mutable_gemm()->mutable_epilogue()->set_amax(true);
  problem.mutable_gemm()->mutable_epilogue()->set_scale_d(true);
  problem.mutable_gemm()->set_scaling_mode(v1::SCALING_MODE_BLOCK_128);
  problem.mutable_gemm()->mutable_numerics()->set_promote_accumulation(true);
  const std::string blocks = Render(problem, MakeVariant(kPromoting));
  EXPECT_THAT(blocks, HasSubstr("EpilogueSpec{.d_type = Type::kE4m3, .d_access_bytes = 16, "
                                ".amax = true, .scaling = Scaling::kBlock128, .scale_d = true}"));
  problem.mutable_gemm()->set_scaling_mode(v1::SCALING_MODE_PER_TENSOR);
  EXPECT_THAT(Render(problem, MakeVariant(kPromoting)), HasSubstr("Scaling::kPerTensor"));
  v1::Problem integers = MakeGemm(v1::DATA_TYPE_INT8, "NT");
  integers.mutable_gemm()->set_d_type(v1::DATA_TYPE_BF16);
  integers.mutable_gemm()->set_scaling_mode(v1::SCALING_MODE_PER_ROW_COLUMN);
  EXPECT_THAT(Render(integers, MakeVariant(GemmSm80Config{64, 64, 64, 2, 2, 3, 1, 1})),
              HasSubstr("Scaling::kPerRowColumn"));
}

TEST(RenderSourceTest, DoesNotDependOnShapeWithinAnAlignmentClass) {
  const v1::Variant variant = MakeVariant(kConfig);
  const std::string source = Render(MakeGemm(v1::DATA_TYPE_BF16, "NT", 512, 512, 512), variant);
  EXPECT_EQ(source, Render(MakeGemm(v1::DATA_TYPE_BF16, "NT", 17, 4096, 1600), variant));
  EXPECT_NE(source, Render(MakeGemm(v1::DATA_TYPE_BF16, "NT", 17, 4098, 1600), variant));
}

// The tensor core reads fp32 as tf32, where the problem admits it.
TEST(RenderSourceTest, ABudgetHasFp32MultipliedByTheTensorCore) {
  GemmSm90Config config = {.tile_m = 128,
                           .tile_n = 128,
                           .stages = 3,
                           .consumers = 2,
                           .ping_pong = 0,
                           .cluster_m = 1,
                           .cluster_n = 1,
                           .cluster_k = 1,
                           .promote = 1,
                           .products = 3,
                           .swap_ab = 0,
                           .split_k = 1,
                           .raster_group = 1,
                           .raster_along_n = 0};
  v1::Problem problem = MakeGemm(v1::DATA_TYPE_FP32, "NT");
  problem.mutable_gemm()->mutable_numerics()->set_error_budget(1e-3);
  problem.mutable_gemm()->clear_accumulator_type();
  const std::string source = Render(problem, MakeVariant(config));
  EXPECT_THAT(source, HasSubstr("OperandSpec{.type = Type::kTf32"));
  EXPECT_THAT(source, HasSubstr("EpilogueSpec{.d_type = Type::kFp32"));
  EXPECT_THAT(source, HasSubstr(".promote = 1, .products = 3, .swap_ab = 0"));
  EXPECT_THAT(Render(problem, MakeVariant(GemmSm80Config{64, 64, 16, 2, 2, 3, 1, 1})),
              HasSubstr("OperandSpec{.type = Type::kTf32"));
  EXPECT_THAT(Render(problem, MakeVariant(kSimtConfig)), HasSubstr("Type::kFp32"));
}

TEST(RenderSourceTest, SumsInFp16AreTheConfigs) {
  v1::Problem problem = MakeGemm(v1::DATA_TYPE_FP16, "NT");
  GemmSm80Config config = kConfig;
  config.fp16_sums = 1;
  problem.mutable_gemm()->set_accumulator_type(v1::DATA_TYPE_FP16);
  EXPECT_THAT(Render(problem, MakeVariant(config)), HasSubstr(", .fp16_sums = 1}"));
}

TEST(RenderSourceTest, RunTimeParametersShareACompile) {
  const v1::Problem problem = MakeGemm(v1::DATA_TYPE_BF16, "NT");
  GemmSm80Config config = kConfig;
  config.raster_group = 1;
  EXPECT_EQ(Render(problem, MakeVariant(config)), Render(problem, MakeVariant(kConfig)));
  config.split_k = 2;
  const std::string split = Render(problem, MakeVariant(config));
  config.split_k = 16;
  EXPECT_EQ(split, Render(problem, MakeVariant(config)));
  EXPECT_THAT(split, HasSubstr("TILEWRIGHT_REDUCE_ENTRY(Variant)"));
  EXPECT_THAT(Render(problem, MakeVariant(kConfig)), Not(HasSubstr("REDUCE")));
}

TEST(RenderSourceTest, LettersDecideWhatIsContiguous) {
  const v1::Variant variant = MakeVariant(kConfig);
  const auto majors = [&](const std::string& layout) {
    const std::string source = Render(MakeGemm(v1::DATA_TYPE_FP16, layout), variant);
    std::string found;
    for (std::size_t at = source.find(".k_major = "); at != std::string::npos;
         at = source.find(".k_major = ", at + 1)) {
      found += source[at + 11];
    }
    return found;
  };
  EXPECT_EQ(majors("NT"), "tt");
  EXPECT_EQ(majors("NN"), "tf");
  EXPECT_EQ(majors("TN"), "ff");
  EXPECT_EQ(majors("TT"), "ft");
}

TEST(RenderSourceTest, RejectsConfigsWithAReason) {
  const v1::Problem problem = MakeGemm(v1::DATA_TYPE_BF16, "NT");
  v1::Variant variant = MakeVariant(kConfig);
  variant.mutable_config()->mutable_parameters()->RemoveLast();
  EXPECT_EQ(InvalidReason(problem, variant), "MISSING_PARAMETER");

  variant = MakeVariant(kConfig);
  *variant.mutable_config()->add_parameters() = variant.config().parameters(0);
  EXPECT_EQ(InvalidReason(problem, variant), "REPEATED_PARAMETER");

  variant = MakeVariant(kConfig);
  variant.mutable_config()->add_parameters()->set_name("cluster_m");
  EXPECT_EQ(InvalidReason(problem, variant), "UNKNOWN_PARAMETER");

  for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{1} << 40}) {
    variant = MakeVariant(kConfig);
    variant.mutable_config()->mutable_parameters(3)->set_value(value);
    EXPECT_EQ(InvalidReason(problem, variant), "PARAMETER_OUT_OF_RANGE") << value;
  }
  EXPECT_EQ(InvalidReason(problem, MakeVariant("gemm_sm70", {})), "UNKNOWN_TEMPLATE");
}

TEST(RenderSourceTest, ATemplateRendersProblemsOfItsKind) {
  v1::Problem dropout;
  dropout.mutable_fused_dropout();
  EXPECT_EQ(InvalidReason(dropout, MakeVariant(kConfig)), "UNSUPPORTED_PROBLEM");
}

// The probability is an argument of the launch: kernels of all of them are one.
TEST(RenderSourceTest, DropoutNamesItsRoundsAndNotItsProbability) {
  const v1::Variant variant = MakeVariant(GemmSm80Config{128, 128, 32, 2, 2, 4, 1, 1});
  v1::Problem problem = MakeGemm(v1::DATA_TYPE_BF16, "NT");
  v1::Dropout& dropout = *problem.mutable_gemm()->mutable_epilogue()->mutable_dropout();
  dropout.set_probability(0.25);
  dropout.set_philox_rounds(10);
  const std::string quarter = *RenderSource(problem, variant);
  EXPECT_THAT(quarter, testing::HasSubstr(".dropout_rounds = 10"));
  dropout.set_probability(0.5);
  EXPECT_EQ(*RenderSource(problem, variant), quarter);
  dropout.set_probability(0);
  EXPECT_THAT(*RenderSource(problem, variant), testing::Not(testing::HasSubstr("dropout")));
}

TEST(RenderSourceTest, ABiasGradientBringsItsStep) {
  const v1::Variant variant = MakeVariant(GemmSm80Config{128, 128, 32, 2, 2, 4, 1, 1});
  v1::Problem problem = MakeGemm(v1::DATA_TYPE_BF16, "NT");
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.set_gradient(true);
  epilogue.set_bias_gradient(true);
  epilogue.set_aux_type(v1::DATA_TYPE_E4M3);
  const std::string source = *RenderSource(problem, variant);
  EXPECT_THAT(source, testing::HasSubstr(".gradient = true, .bias_gradient = true"));
  EXPECT_THAT(source, testing::HasSubstr("TILEWRIGHT_COLUMN_SUMS_ENTRY(Variant)"));
}

}  // namespace
}  // namespace tilewright
