// Compiles variants with scales and 8-bit outputs, those that have the least registers to spare
// among them: none spills, and the products stay the tensor core's.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/kernel_templates/expect_compiles.h"
#include "tests/tuner/template/variants.h"

namespace tilewright {
namespace {

constexpr char kHopper[] = "sm_90a";
constexpr v1::DataType kE4m3 = v1::DATA_TYPE_E4M3;
constexpr v1::DataType kE5m2 = v1::DATA_TYPE_E5M2;
constexpr v1::DataType kBf16 = v1::DATA_TYPE_BF16;
constexpr v1::DataType kFp32 = v1::DATA_TYPE_FP32;

// `padding`: elements between rows of D, which decide how it is stored.
v1::Problem Scaled(v1::DataType input, v1::DataType output, v1::ScalingMode mode, int padding = 0) {
  v1::Problem problem = MakeGemm(input, "NT");
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  gemm.set_d_type(output);
  gemm.set_ldd(512 + padding);
  gemm.set_scaling_mode(mode);
  gemm.mutable_numerics()->set_promote_accumulation(mode == v1::SCALING_MODE_BLOCK_128);
  if (output == kE4m3 || output == kE5m2) gemm.mutable_epilogue()->set_scale_d(true);
  return problem;
}

GemmSm90Config Config(int tile_m, int tile_n, int ping_pong, int swap_ab, int promote = 0) {
  GemmSm90Config config = PlainSm90Config(tile_m, tile_n, ping_pong, swap_ab);
  config.promote = promote;
  return config;
}

v1::Problem WithBiasAndMore(v1::Problem problem) {
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  epilogue.set_bias_type(kBf16);
  epilogue.set_activation(v1::ACTIVATION_GELU_ERF);
  epilogue.set_amax(true);
  epilogue.set_non_finite_flag(true);
  return problem;
}

v1::Problem WithTensors(v1::Problem problem) {
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  gemm.set_ldc(512);
  gemm.set_ld_aux(512);
  gemm.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_RESIDUAL);
  gemm.mutable_epilogue()->set_source_type(kBf16);
  gemm.mutable_epilogue()->set_aux_type(kBf16);
  return problem;
}

TEST(ScaledResourcesTest, Fp8OutputsOfEveryStorePath) {
  for (const v1::DataType output : {kE4m3, kE5m2}) {
    const v1::Problem aligned = Scaled(kE4m3, output, v1::SCALING_MODE_PER_TENSOR);
    for (const int columns : {256, 192, 160, 144, 32}) {
      ExpectCompiles(aligned, Config(128, columns, columns < 200, 0), kHopper);
    }
    ExpectCompiles(aligned, Config(192, 128, 1, 0), kHopper);
    ExpectCompiles(aligned, Config(176, 128, 1, 1), kHopper);
    ExpectCompiles(aligned, Config(104, 192, 1, 1), kHopper);
    ExpectCompiles(aligned, Config(16, 128, 0, 1), kHopper);
    ExpectCompiles(WithBiasAndMore(aligned), Config(128, 144, 1, 0), kHopper);
    ExpectCompiles(WithTensors(WithBiasAndMore(aligned)), Config(128, 256, 0, 0), kHopper);
    // Rows of 1, 2, 4 and 8 bytes' alignment.
    for (const int padding : {1, 2, 4, 8}) {
      const v1::Problem unaligned = Scaled(kE4m3, output, v1::SCALING_MODE_PER_TENSOR, padding);
      ExpectCompiles(unaligned, Config(128, 160, 1, 0), kHopper);
      ExpectCompiles(unaligned, Config(64, 128, 0, 1), kHopper);
      ExpectCompiles(WithTensors(unaligned), Config(128, 128, 1, 0), kHopper);
    }
  }
}

TEST(ScaledResourcesTest, RowsAndColumns) {
  for (const v1::DataType output : {kE4m3, kBf16, kFp32}) {
    const v1::Problem aligned = Scaled(kE4m3, output, v1::SCALING_MODE_PER_ROW_COLUMN);
    ExpectCompiles(aligned, Config(128, 256, 0, 0), kHopper);
    ExpectCompiles(aligned, Config(128, 144, 1, 0), kHopper);
    ExpectCompiles(aligned, Config(136, 128, 1, 1), kHopper);
    ExpectCompiles(WithBiasAndMore(aligned), Config(128, 128, 0, 0), kHopper);
    ExpectCompiles(WithBiasAndMore(aligned), Config(64, 128, 1, 1), kHopper);
    ExpectCompiles(WithTensors(aligned), Config(128, 256, 0, 0), kHopper);
    const v1::Problem unaligned = Scaled(kE4m3, output, v1::SCALING_MODE_PER_ROW_COLUMN, 1);
    ExpectCompiles(unaligned, Config(128, 128, 0, 0), kHopper);
    for (const int columns : {240, 160, 96}) {
      ExpectCompiles(unaligned, Config(128, columns, 0, 0), kHopper);
    }
    ExpectCompiles(unaligned, Config(128, 112, 1, 0), kHopper);
    ExpectCompiles(WithBiasAndMore(unaligned), Config(64, 128, 1, 0), kHopper);
    GemmSm90Config split = Config(128, 128, 0, 0);
    split.split_k = 4;
    ExpectCompiles(WithBiasAndMore(aligned), split, kHopper);
  }
}

TEST(ScaledResourcesTest, Blocks) {
  for (const v1::DataType output : {kE4m3, kBf16}) {
    const v1::Problem aligned = Scaled(kE4m3, output, v1::SCALING_MODE_BLOCK_128);
    for (const int columns : {128, 160, 192}) {
      ExpectCompiles(aligned, Config(128, columns, 0, 0, 1), kHopper);
    }
    ExpectCompiles(aligned, Config(128, 96, 1, 0, 1), kHopper);
    ExpectCompiles(aligned, Config(256, 96, 0, 0, 1), kHopper);
    ExpectCompiles(aligned, Config(64, 192, 1, 0, 1), kHopper);
    ExpectCompiles(aligned, Config(64, 256, 0, 1, 1), kHopper);
    ExpectCompiles(WithBiasAndMore(aligned), Config(128, 128, 0, 0, 1), kHopper);
    ExpectCompiles(WithTensors(aligned), Config(128, 128, 0, 0, 1), kHopper);
    ExpectCompiles(Scaled(kE4m3, output, v1::SCALING_MODE_BLOCK_128, 1), Config(128, 128, 0, 0, 1),
                   kHopper);
    GemmSm90Config split = Config(64, 128, 1, 0, 1);
    split.split_k = 4;
    ExpectCompiles(aligned, split, kHopper);
  }
}

TEST(ScaledResourcesTest, IntegersToFloats) {
  for (const v1::ScalingMode mode :
       {v1::SCALING_MODE_PER_TENSOR, v1::SCALING_MODE_PER_ROW_COLUMN}) {
    for (const v1::DataType output : {kBf16, v1::DATA_TYPE_FP16, kFp32}) {
      const v1::Problem problem = Scaled(v1::DATA_TYPE_INT8, output, mode);
      ExpectCompiles(problem, Config(256, 128, 0, 0), kHopper);
      ExpectCompiles(problem, GemmSm80Config{128, 128, 64, 2, 4, 3, 1, 8}, kHopper);
      GemmSm80Config split = {64, 64, 64, 2, 2, 3, 4, 8};
      ExpectCompiles(WithBiasAndMore(problem), split, "sm_80");
    }
  }
}

// The products of each stage are the tensor core's alone, of both types, and nothing makes the
// compiler wait between them.
TEST(ScaledResourcesTest, TheMainLoopIsWgmma) {
  v1::Problem problem = Scaled(kE4m3, kE4m3, v1::SCALING_MODE_BLOCK_128);
  problem.mutable_gemm()->set_b_type(kE5m2);
  const auto source = RenderSource(problem, MakeVariant(Config(128, 128, 0, 0, 1)));
  ASSERT_TRUE(source.ok()) << source.status();
  const CompileReport report = CompileWithNvrtc(*source, kHopper);
  ASSERT_TRUE(report.ok) << report.log;
  EXPECT_NE(report.ptx.find("wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e5m2"),
            std::string::npos);
  EXPECT_NE(report.ptx.find("cvt.rn.satfinite.e4m3x2.f32"), std::string::npos);
  EXPECT_NE(report.ptx.find("cp.async.bulk.tensor.3d.global"), std::string::npos);
  EXPECT_EQ(report.log.find("wgmma"), std::string::npos) << report.log;
}

}  // namespace
}  // namespace tilewright
