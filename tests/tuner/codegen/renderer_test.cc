#include "tuner/codegen/renderer.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/tuner/codegen/gemm_problems.h"

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
  config.split_k = 2;
  EXPECT_EQ(InvalidReason(problem, MakeVariant(config)), "ILLEGAL_CONFIG");
  config.split_k = 1;
  EXPECT_EQ(InvalidReason(MakeGemm(v1::DATA_TYPE_BF16, "NT"), MakeVariant(config)),
            "ILLEGAL_CONFIG");
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

TEST(RenderSourceTest, RejectsScalesThatNoTemplateTakes) {
  v1::Problem problem = MakeGemm(v1::DATA_TYPE_BF16, "NT");
  problem.mutable_gemm()->set_scaling_mode(v1::SCALING_MODE_PER_TENSOR);
  EXPECT_EQ(InvalidReason(problem, MakeVariant(kConfig)), "UNSUPPORTED_SCALING");
  problem = MakeGemm(v1::DATA_TYPE_BF16, "NT");
  problem.mutable_gemm()->mutable_epilogue()->set_scale_d(true);
  EXPECT_EQ(InvalidReason(problem, MakeVariant(kConfig)), "UNSUPPORTED_TYPE");
  problem = MakeGemm(v1::DATA_TYPE_E4M3, "NT");
  problem.mutable_gemm()->set_scaling_mode(v1::SCALING_MODE_BLOCK_128);
  problem.mutable_gemm()->mutable_numerics()->set_promote_accumulation(true);
  GemmSm90Config fast = kPromoting;
  fast.promote = 0;
  EXPECT_EQ(InvalidReason(problem, MakeVariant(fast)), "UNSUPPORTED_TYPE");
  GemmSm90Config ragged = kPromoting;
  ragged.tile_n = 152;
  EXPECT_EQ(InvalidReason(problem, MakeVariant(ragged)), "ILLEGAL_CONFIG");
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
  EXPECT_EQ(InvalidReason(problem, MakeVariant(config)), "UNSUPPORTED_TYPE");
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
  EXPECT_EQ(InvalidReason(problem, MakeVariant(config)), "UNSUPPORTED_TYPE");
  problem.mutable_gemm()->set_accumulator_type(v1::DATA_TYPE_FP16);
  EXPECT_THAT(Render(problem, MakeVariant(config)), HasSubstr(", .fp16_sums = 1}"));
  EXPECT_EQ(InvalidReason(problem, MakeVariant(kConfig)), "UNSUPPORTED_TYPE");
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
  GemmSm80Config config = kConfig;
  config.stages = 7;
  EXPECT_EQ(InvalidReason(problem, MakeVariant(config)), "ILLEGAL_CONFIG");
  config = kConfig;
  config.tile_k = 24;
  EXPECT_EQ(InvalidReason(problem, MakeVariant(config)), "ILLEGAL_CONFIG");
  // Legal for rows of 16 bytes, but not for those that are copied through registers.
  EXPECT_EQ(InvalidReason(MakeGemm(v1::DATA_TYPE_BF16, "NT", 512, 512, 511), MakeVariant(kConfig)),
            "ILLEGAL_CONFIG");
  EXPECT_EQ(InvalidReason(problem, MakeVariant("gemm_sm70", {})), "UNKNOWN_TEMPLATE");
}

TEST(RenderSourceTest, RejectsWhatNoTemplateComputes) {
  const v1::Variant variant = MakeVariant(kConfig);
  EXPECT_EQ(InvalidReason(MakeGemm(v1::DATA_TYPE_FP32, "NT"), variant), "UNSUPPORTED_TYPE");
  EXPECT_EQ(InvalidReason(MakeGemm(v1::DATA_TYPE_BF16, "NT"), MakeVariant(kSimtConfig)),
            "UNSUPPORTED_TYPE");

  v1::Problem mixed = MakeGemm(v1::DATA_TYPE_BF16, "NT");
  mixed.mutable_gemm()->set_b_type(v1::DATA_TYPE_FP16);
  EXPECT_EQ(InvalidReason(mixed, variant), "UNSUPPORTED_TYPE");

  v1::Problem stochastic = MakeGemm(v1::DATA_TYPE_TF32, "NT");
  stochastic.mutable_gemm()->mutable_epilogue()->set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC);
  EXPECT_EQ(InvalidReason(stochastic, MakeVariant(GemmSm80Config{64, 64, 16, 2, 2, 3, 1, 1})),
            "UNSUPPORTED_ROUNDING");

  v1::Problem integer = MakeGemm(v1::DATA_TYPE_INT8, "NT");
  integer.mutable_gemm()->mutable_epilogue()->set_activation(v1::ACTIVATION_RELU);
  EXPECT_EQ(InvalidReason(integer, MakeVariant(GemmSm80Config{64, 64, 64, 2, 2, 3, 1, 1})),
            "INTEGER_OUTPUT");

  v1::Problem dropped = MakeGemm(v1::DATA_TYPE_INT8, "NT");
  dropped.mutable_gemm()->mutable_epilogue()->mutable_dropout()->set_probability(0.1);
  EXPECT_EQ(InvalidReason(dropped, MakeVariant(GemmSm80Config{64, 64, 64, 2, 2, 3, 1, 1})),
            "INTEGER_OUTPUT");
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

TEST(AccessBytesTest, IsTheLargestPowerOfTwoThatDividesBothStrides) {
  EXPECT_EQ(AccessBytes(4096, 0, 1, 2), 16);
  EXPECT_EQ(AccessBytes(50257, 0, 1, 2), 2);
  EXPECT_EQ(AccessBytes(50258, 0, 1, 2), 4);
  EXPECT_EQ(AccessBytes(50260, 0, 1, 2), 8);
  EXPECT_EQ(AccessBytes(5, 0, 1, 4), 4);
  EXPECT_EQ(AccessBytes(3, 0, 1, 1), 1);
  // Where there is one batch its stride does not matter.
  EXPECT_EQ(AccessBytes(64, 65, 1, 2), 16);
  EXPECT_EQ(AccessBytes(64, 65, 2, 2), 2);
}

TEST(ElementBytesTest, KnowsEveryType) {
  EXPECT_EQ(ElementBytes(v1::DATA_TYPE_FP32), 4);
  EXPECT_EQ(ElementBytes(v1::DATA_TYPE_TF32), 4);
  EXPECT_EQ(ElementBytes(v1::DATA_TYPE_INT32), 4);
  EXPECT_EQ(ElementBytes(v1::DATA_TYPE_FP16), 2);
  EXPECT_EQ(ElementBytes(v1::DATA_TYPE_BF16), 2);
  EXPECT_EQ(ElementBytes(v1::DATA_TYPE_E4M3), 1);
  EXPECT_EQ(ElementBytes(v1::DATA_TYPE_E5M2), 1);
  EXPECT_EQ(ElementBytes(v1::DATA_TYPE_INT8), 1);
  EXPECT_EQ(ElementBytes(v1::DATA_TYPE_UNSPECIFIED), 0);
}

}  // namespace
}  // namespace tilewright
