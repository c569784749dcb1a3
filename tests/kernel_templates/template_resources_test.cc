// Compiles representative variants of every template and checks what they use against the
// arithmetic of abi/: the search space promises that a legal config compiles and fits.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/problem/data_type.h"
#include "tests/kernel_templates/expect_compiles.h"
#include "tests/kernel_templates/nvrtc_compile.h"
#include "tests/kernel_templates/resource_checks.h"
#include "tests/tuner/codegen/faulty_templates.h"
#include "tests/tuner/codegen/gemm_problems.h"
#include "tests/tuner/template/variants.h"
#include "tuner/template/tiled_gemm/launch_plan.h"

namespace tilewright {
namespace {

constexpr char kHopper[] = "sm_90a";
const std::vector<std::string>& Architectures() {
  static const std::vector<std::string>& list =
      *new std::vector<std::string>{"sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120a"};
  return list;
}
const std::vector<std::string>& Layouts() {
  static const std::vector<std::string>& list =
      *new std::vector<std::string>{"NN", "NT", "TN", "TT"};
  return list;
}

// The same depth in bytes for every type.
GemmSm80Config ConfigFor(v1::DataType type, int tile_m, int tile_n, int k_bytes, int warps_m,
                         int warps_n, int stages) {
  return {tile_m, tile_n, k_bytes / StorageBytes(type), warps_m, warps_n, stages, 1, 8};
}

const std::vector<v1::DataType>& TensorCoreTypes() {
  static const std::vector<v1::DataType>& list = *new std::vector<v1::DataType>{
      v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16, v1::DATA_TYPE_TF32, v1::DATA_TYPE_INT8};
  return list;
}

TEST(TemplateResourcesTest, EveryArchitectureTakesEveryTemplateAndType) {
  const std::vector<std::string> layouts = {"NT", "TN"};
  for (std::size_t i = 0; i < Architectures().size(); ++i) {
    for (const v1::DataType type : TensorCoreTypes()) {
      ExpectCompiles(MakeGemm(type, layouts[i % 2]), ConfigFor(type, 128, 128, 64, 2, 4, 3),
                     Architectures()[i]);
    }
    ExpectCompiles(MakeGemm(v1::DATA_TYPE_FP32, layouts[i % 2]),
                   GemmSimtConfig{128, 64, 16, 8, 8, 1, 8}, Architectures()[i]);
  }
}

// The reduction runs the epilogue, so a split kernel has it in a second entry.
TEST(TemplateResourcesTest, EveryArchitectureSplitsWithAFullEpilogue) {
  const v1::Problem full =
      WithFullEpilogue(MakeGemm(v1::DATA_TYPE_BF16, "NT"), v1::ACTIVATION_GELU_ERF);
  for (const std::string& architecture : Architectures()) {
    GemmSm80Config config = ConfigFor(v1::DATA_TYPE_BF16, 64, 128, 64, 2, 2, 3);
    config.split_k = 4;
    ExpectCompiles(full, config, architecture);
  }
}

// Both operands along m or n, in copies of single elements.
TEST(TemplateResourcesTest, EveryArchitectureTakesUnalignedTransposedRows) {
  for (std::size_t i = 0; i < Architectures().size(); ++i) {
    const v1::DataType type = TensorCoreTypes()[i % TensorCoreTypes().size()];
    ExpectCompiles(MakeGemm(type, "TT", 513, 513, 513), ConfigFor(type, 64, 64, 64, 2, 2, 3),
                   Architectures()[i]);
  }
}

TEST(TemplateResourcesTest, EveryTypeTakesEveryLayoutAtTheLargestWarpTile) {
  for (const v1::DataType type : TensorCoreTypes()) {
    for (const std::string& layout : Layouts()) {
      ExpectCompiles(MakeGemm(type, layout), ConfigFor(type, 128, 256, 64, 2, 4, 4), kHopper);
      ExpectCompiles(MakeGemm(type, layout), ConfigFor(type, 128, 128, 128, 2, 2, 3), kHopper);
    }
  }
  for (const std::string& layout : Layouts()) {
    ExpectCompiles(MakeGemm(v1::DATA_TYPE_FP32, layout), GemmSimtConfig{128, 128, 16, 8, 8, 1, 8},
                   kHopper);
  }
}

TEST(TemplateResourcesTest, EveryAccessWidthCompiles) {
  for (const v1::DataType type : TensorCoreTypes()) {
    for (const int64_t extent : {int64_t{520}, int64_t{516}, int64_t{514}, int64_t{513}}) {
      const v1::Problem problem = MakeGemm(type, "TT", extent, extent, extent);
      ExpectCompiles(problem, ConfigFor(type, 64, 64, 64, 2, 2, 3), kHopper);
      // The largest warp tile that every width admits.
      ExpectCompiles(problem, ConfigFor(type, 128, 128, 128, 2, 4, 3), kHopper);
    }
  }
  for (const int64_t extent : {int64_t{514}, int64_t{513}}) {
    ExpectCompiles(MakeGemm(v1::DATA_TYPE_FP32, "NN", extent, extent, extent),
                   GemmSimtConfig{64, 64, 16, 4, 8, 1, 8}, kHopper);
  }
}

TEST(TemplateResourcesTest, TilesOfEveryKindCompile) {
  const std::vector<GemmSm80Config> configs = {
      {16, 128, 64, 1, 4, 6, 1, 1},  {16, 32, 16, 1, 2, 2, 1, 1},   {32, 64, 64, 2, 2, 2, 1, 1},
      {48, 64, 32, 1, 2, 3, 1, 1},   {64, 48, 16, 2, 1, 4, 1, 1},   {96, 192, 32, 2, 4, 3, 1, 1},
      {192, 96, 64, 4, 2, 2, 1, 1},  {256, 128, 64, 4, 2, 3, 1, 1}, {64, 256, 32, 1, 4, 4, 1, 1},
      {128, 128, 64, 4, 4, 3, 1, 1}, {256, 64, 64, 4, 1, 2, 1, 1}};
  for (const GemmSm80Config& config : configs) {
    ExpectCompiles(MakeGemm(v1::DATA_TYPE_BF16, "NT"), config, kHopper);
    ExpectCompiles(MakeGemm(v1::DATA_TYPE_BF16, "TN"), config, kHopper);
  }
}

TEST(TemplateResourcesTest, EpiloguesCompileWithoutSpills) {
  v1::Problem full;
  for (const v1::Activation activation : {v1::ACTIVATION_RELU, v1::ACTIVATION_GELU_TANH,
                                          v1::ACTIVATION_GELU_ERF, v1::ACTIVATION_SILU}) {
    full = WithFullEpilogue(MakeGemm(v1::DATA_TYPE_BF16, "NT"), activation);
    ExpectCompiles(full, GemmSm80Config{128, 128, 64, 2, 2, 3, 1, 8}, kHopper);
  }
  v1::GemmProblem& gemm = *full.mutable_gemm();
  v1::Epilogue& epilogue = *gemm.mutable_epilogue();
  epilogue.set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC);
  ExpectCompiles(full, GemmSm80Config{128, 128, 64, 2, 2, 3, 1, 8}, kHopper);
  epilogue.clear_aux_type();
  epilogue.set_source_mode(v1::SOURCE_MODE_NONE);
  ExpectCompiles(full, GemmSm80Config{128, 256, 64, 2, 4, 3, 1, 8}, kHopper);
  gemm.set_ldd(513);
  ExpectCompiles(full, GemmSm80Config{128, 256, 64, 2, 4, 3, 1, 8}, kHopper);
}

TEST(TemplateResourcesTest, SplitVariantsHaveBothEntries) {
  for (const v1::DataType type : TensorCoreTypes()) {
    GemmSm80Config config = ConfigFor(type, 64, 64, 64, 2, 2, 3);
    config.split_k = 4;
    ExpectCompiles(MakeGemm(type, "NT"), config, kHopper);
  }
  ExpectCompiles(MakeGemm(v1::DATA_TYPE_FP32, "NT"), GemmSimtConfig{64, 64, 8, 8, 4, 4, 8},
                 kHopper);
}

GemmSm90Config Sm90(int tile_m, int tile_n, int stages, int consumers, int ping_pong) {
  return {.tile_m = tile_m,
          .tile_n = tile_n,
          .stages = stages,
          .consumers = consumers,
          .ping_pong = ping_pong,
          .cluster_m = 2,
          .cluster_n = 1,
          .cluster_k = 1,
          .promote = 0,
          .swap_ab = 0,
          .split_k = 1,
          .raster_group = 8,
          .raster_along_n = 0};
}

TEST(TemplateResourcesTest, WarpgroupVariantsOfEveryKindCompileWithoutSpills) {
  for (const std::string& layout : Layouts()) {
    ExpectCompiles(MakeGemm(v1::DATA_TYPE_BF16, layout), Sm90(128, 256, 4, 2, 0), kHopper);
    ExpectCompiles(MakeGemm(v1::DATA_TYPE_FP16, layout), Sm90(192, 128, 4, 2, 1), kHopper);
  }
  ExpectCompiles(MakeGemm(v1::DATA_TYPE_TF32, "NT"), Sm90(128, 192, 4, 2, 1), kHopper);
  ExpectCompiles(MakeGemm(v1::DATA_TYPE_INT8, "NT"), Sm90(256, 128, 4, 2, 0), kHopper);
  GemmSm90Config swapped = Sm90(16, 128, 8, 2, 0);
  swapped.swap_ab = 1;
  swapped.cluster_m = 1;
  ExpectCompiles(MakeGemm(v1::DATA_TYPE_BF16, "NT", 16), swapped, kHopper);
  GemmSm90Config split = Sm90(64, 128, 6, 1, 0);
  split.split_k = 4;
  ExpectCompiles(MakeGemm(v1::DATA_TYPE_BF16, "NT"), split, kHopper);
}

// `problem` with an error budget that leaves its precision open.
v1::Problem WithBudget(v1::Problem problem) {
  problem.mutable_gemm()->mutable_numerics()->set_error_budget(1e-2);
  problem.mutable_gemm()->clear_accumulator_type();
  return problem;
}

GemmSm90Config ThreeProducts(GemmSm90Config config, int promote) {
  config.products = 3;
  config.promote = promote;
  return config;
}

TEST(TemplateResourcesTest, ThreeProductsOfFp32CompileWithoutSpills) {
  const v1::Problem problem = WithBudget(MakeGemm(v1::DATA_TYPE_FP32, "NT"));
  for (const int promote : {0, 1}) {
    ExpectCompiles(problem, ThreeProducts(Sm90(128, 128, 3, 2, 0), promote), kHopper);
    ExpectCompiles(problem, ThreeProducts(Sm90(128, 96, 3, 2, 1), promote), kHopper);
    ExpectCompiles(problem, ThreeProducts(Sm90(64, 128, 3, 1, 0), promote), kHopper);
    ExpectCompiles(WithFullEpilogue(problem, v1::ACTIVATION_GELU_ERF),
                   ThreeProducts(Sm90(128, 128, 2, 2, 0), promote), kHopper);
  }
  ExpectCompiles(problem, ThreeProducts(Sm90(128, 256, 2, 2, 0), 0), kHopper);
  ExpectCompiles(problem, ThreeProducts(Sm90(192, 128, 2, 3, 0), 0), kHopper);
  GemmSm90Config swapped = ThreeProducts(Sm90(16, 128, 4, 2, 0), 1);
  swapped.swap_ab = 1;
  swapped.cluster_m = 1;
  ExpectCompiles(problem, swapped, kHopper);
  GemmSm90Config shared = ThreeProducts(Sm90(128, 64, 2, 2, 0), 0);
  shared.cluster_m = 1;
  shared.cluster_k = 2;
  ExpectCompiles(problem, shared, kHopper);
  GemmSm90Config split = ThreeProducts(Sm90(64, 128, 3, 1, 0), 1);
  split.split_k = 4;
  ExpectCompiles(problem, split, kHopper);
  // One product of the same operands.
  ExpectCompiles(problem, Sm90(128, 192, 4, 2, 1), kHopper);
  ExpectCompiles(problem, ConfigFor(v1::DATA_TYPE_FP32, 128, 128, 64, 2, 4, 3), "sm_80");
}

GemmSm90Config InFp16(GemmSm90Config config) {
  config.fp16_sums = 1;
  return config;
}

TEST(TemplateResourcesTest, SumsInFp16CompileWithoutSpills) {
  for (const std::string& layout : Layouts()) {
    v1::Problem problem = MakeGemm(v1::DATA_TYPE_FP16, layout);
    problem.mutable_gemm()->set_accumulator_type(v1::DATA_TYPE_FP16);
    ExpectCompiles(problem, InFp16(Sm90(256, 256, 3, 2, 0)), kHopper);
    ExpectCompiles(problem, InFp16(Sm90(192, 192, 4, 2, 1)), kHopper);
    GemmSm80Config small = ConfigFor(v1::DATA_TYPE_FP16, 128, 256, 64, 2, 4, 3);
    small.fp16_sums = 1;
    ExpectCompiles(problem, small, "sm_80");
    small.split_k = 2;
    ExpectCompiles(problem, small, kHopper);
  }
  v1::Problem problem = MakeGemm(v1::DATA_TYPE_FP16, "NT");
  problem.mutable_gemm()->set_accumulator_type(v1::DATA_TYPE_FP16);
  ExpectCompiles(problem, InFp16(Sm90(256, 144, 4, 2, 1)), kHopper);
  ExpectCompiles(problem, InFp16(Sm90(192, 240, 3, 3, 0)), kHopper);
  ExpectCompiles(WithFullEpilogue(problem, v1::ACTIVATION_SILU), InFp16(Sm90(128, 256, 3, 2, 0)),
                 kHopper);
  GemmSm90Config swapped = InFp16(Sm90(240, 256, 3, 2, 0));
  swapped.swap_ab = 1;
  swapped.cluster_m = 1;
  ExpectCompiles(problem, swapped, kHopper);
  GemmSm90Config shared = InFp16(Sm90(128, 128, 3, 2, 0));
  shared.cluster_m = 1;
  shared.cluster_k = 2;
  ExpectCompiles(problem, shared, kHopper);
  GemmSm90Config split = InFp16(Sm90(128, 256, 3, 2, 0));
  split.split_k = 4;
  ExpectCompiles(problem, split, kHopper);
}

TEST(TemplateResourcesTest, SumsOfFp8InFp16CompileInAllMixes) {
  for (const v1::DataType a : {v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E5M2}) {
    for (const v1::DataType b : {v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E5M2}) {
      v1::Problem problem = MakeGemm(a, "NT");
      problem.mutable_gemm()->set_b_type(b);
      problem.mutable_gemm()->set_d_type(v1::DATA_TYPE_FP16);
      problem.mutable_gemm()->set_accumulator_type(v1::DATA_TYPE_FP16);
      ExpectCompiles(problem, InFp16(Sm90(128, 256, 4, 2, 0)), kHopper);
    }
  }
}

TEST(TemplateResourcesTest, WarpgroupEpiloguesCompileWithoutSpills) {
  const v1::Problem plain = MakeGemm(v1::DATA_TYPE_BF16, "NT");
  ExpectCompiles(WithFullEpilogue(plain, v1::ACTIVATION_GELU_ERF), Sm90(128, 256, 3, 2, 0),
                 kHopper);
  v1::Problem unaligned = plain;
  unaligned.mutable_gemm()->set_ldd(513);
  ExpectCompiles(unaligned, Sm90(128, 160, 4, 2, 1), kHopper);
  v1::Problem stochastic = plain;
  stochastic.mutable_gemm()->mutable_epilogue()->set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC);
  ExpectCompiles(stochastic, Sm90(128, 112, 4, 2, 1), kHopper);
}

// Sums, or a C, that an alpha or beta of 0 leaves out cost no registers.
TEST(TemplateResourcesTest, TermsThatMayBeLeftOutDoNotSpill) {
  for (const bool device_scalars : {false, true}) {
    v1::Problem problem = MakeGemm(v1::DATA_TYPE_BF16, "NT");
    v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
    epilogue.set_device_scalars(device_scalars);
    ExpectCompiles(problem, Sm90(128, 256, 4, 2, 0), kHopper);
    ExpectCompiles(problem, ConfigFor(v1::DATA_TYPE_BF16, 128, 128, 64, 2, 2, 4), kHopper);
    v1::Problem dropout = problem;
    v1::Epilogue& heavy = *dropout.mutable_gemm()->mutable_epilogue();
    heavy.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
    heavy.set_bias_type(v1::DATA_TYPE_BF16);
    heavy.set_activation(v1::ACTIVATION_GELU_TANH);
    heavy.mutable_dropout()->set_probability(0.5);
    heavy.mutable_dropout()->set_philox_rounds(7);
    ExpectCompiles(dropout, Sm90(128, 128, 5, 2, 1), kHopper);
    problem.mutable_gemm()->set_ldc(problem.gemm().ldd());
    epilogue.set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
    epilogue.set_source_type(v1::DATA_TYPE_BF16);
    ExpectCompiles(problem, Sm90(128, 128, 5, 2, 1), kHopper);
    ExpectCompiles(problem, Sm90(128, 256, 3, 2, 0), kHopper);
    ExpectCompiles(problem, ConfigFor(v1::DATA_TYPE_BF16, 128, 128, 64, 2, 2, 4), kHopper);
  }
}

// Chunks of 48 or 80 columns took more registers than there are (up to 700 bytes of spills).
TEST(TemplateResourcesTest, UnalignedRowsOfWideElementsDoNotSpill) {
  v1::Problem unaligned = MakeGemm(v1::DATA_TYPE_BF16, "NT");
  unaligned.mutable_gemm()->set_d_type(v1::DATA_TYPE_FP32);
  unaligned.mutable_gemm()->set_ldd(513);
  for (const int columns : {96, 160, 240}) {
    ExpectCompiles(unaligned, Sm90(64, columns, 3, 1, 0), kHopper);
    ExpectCompiles(unaligned, Sm90(128, columns, 3, 2, 0), kHopper);
  }
}

// The main loop is wgmma fed by TMA, and nothing makes the compiler wait between its products.
TEST(TemplateResourcesTest, TheMainLoopIsWgmmaAndTma) {
  const auto source =
      RenderSource(MakeGemm(v1::DATA_TYPE_BF16, "NT"), MakeVariant(Sm90(128, 256, 4, 2, 0)));
  ASSERT_TRUE(source.ok()) << source.status();
  const CompileReport report = CompileWithNvrtc(*source, kHopper);
  ASSERT_TRUE(report.ok) << report.log;
  EXPECT_NE(report.ptx.find("wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16"),
            std::string::npos);
  EXPECT_NE(report.ptx.find("multicast::cluster"), std::string::npos);
  EXPECT_NE(report.ptx.find("setmaxnreg"), std::string::npos);
  EXPECT_EQ(report.log.find("wgmma"), std::string::npos) << report.log;
}

// The splitting warps and the multiplying ones meet in shared memory alone, and sums in fp16 are
// the tensor core's own.
TEST(TemplateResourcesTest, OtherPrecisionsKeepTheMainLoop) {
  const auto ptx_of = [](const v1::Problem& problem, const GemmSm90Config& config) {
    const auto source = RenderSource(problem, MakeVariant(config));
    EXPECT_TRUE(source.ok()) << source.status();
    const CompileReport report = CompileWithNvrtc(source.value_or(""), kHopper);
    EXPECT_TRUE(report.ok) << report.log;
    EXPECT_EQ(report.log.find("wgmma"), std::string::npos) << report.log;
    return report.ptx;
  };
  const std::string three = ptx_of(WithBudget(MakeGemm(v1::DATA_TYPE_FP32, "NT")),
                                   ThreeProducts(Sm90(128, 128, 3, 2, 0), 1));
  EXPECT_NE(three.find("m64n128k8.f32.tf32.tf32"), std::string::npos);
  EXPECT_NE(three.find("fence.proxy.async"), std::string::npos);
  v1::Problem half = MakeGemm(v1::DATA_TYPE_FP16, "NT");
  half.mutable_gemm()->set_accumulator_type(v1::DATA_TYPE_FP16);
  EXPECT_NE(ptx_of(half, InFp16(Sm90(128, 256, 4, 2, 0))).find("m64n256k16.f16.f16.f16"),
            std::string::npos);
}

// All that an epilogue may read at once is in registers before the first of it is used.
TEST(TemplateResourcesTest, SplitEpiloguesDoNotSpill) {
  GemmSm90Config hopper = Sm90(128, 128, 4, 2, 0);
  hopper.split_epilogue = 1;
  GemmSm80Config ampere = {128, 64, 32, 2, 2, 3, 1, 1};
  ampere.split_epilogue = 1;
  for (const v1::DataType type : {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32}) {
    for (const bool gradient : {false, true}) {
      for (const int64_t n : {1024, 1021}) {
        v1::Problem problem = MakeGemm(v1::DATA_TYPE_BF16, "NT", 1024, n, 1024);
        v1::GemmProblem& gemm = *problem.mutable_gemm();
        gemm.set_d_type(type);
        gemm.set_ldc(n);
        gemm.set_ld_aux(n);
        v1::Epilogue& epilogue = *gemm.mutable_epilogue();
        epilogue.set_activation(v1::ACTIVATION_GELU_ERF);
        epilogue.set_aux_type(type);
        epilogue.set_amax(true);
        epilogue.set_non_finite_flag(true);
        epilogue.mutable_dropout()->set_probability(0.5);
        epilogue.mutable_dropout()->set_philox_rounds(10);
        epilogue.mutable_dropout()->set_store_mask(true);
        epilogue.set_gradient(gradient);
        epilogue.set_bias_gradient(gradient);
        if (!gradient) {
          epilogue.set_source_mode(v1::SOURCE_MODE_RESIDUAL);
          epilogue.set_source_type(type);
        }
        ExpectCompiles(problem, hopper, kHopper);
        ExpectCompiles(problem, ampere, "sm_80");
        // Nothing but what passes is read.
        epilogue.set_source_mode(v1::SOURCE_MODE_NONE);
        if (!gradient) ExpectCompiles(problem, hopper, kHopper);
      }
    }
  }
}

TEST(TemplateResourcesTest, FaultyTemplatesCompile) {
  for (const FaultyKind kind :
       {FaultyKind::kIllegalAccess, FaultyKind::kEndless, FaultyKind::kWrongResult,
        FaultyKind::kOutOfBoundsWrite, FaultyKind::kNondeterministic, FaultyKind::kReadsUnread}) {
    const CompileReport report = CompileWithNvrtc(RenderFaultySource(kind), kHopper);
    ASSERT_TRUE(report.ok) << report.log;
    ExpectEntry(report, kGemmEntry, 255, 0);
  }
}

}  // namespace
}  // namespace tilewright
