#include <gtest/gtest.h>

#include "kernel_templates/launch/vendor/vendor_launcher.h"

namespace tilewright {
namespace {

v1::GemmProblem Plain(v1::DataType input, v1::DataType output, v1::DataType accumulator) {
  v1::GemmProblem problem;
  problem.set_m(64);
  problem.set_n(64);
  problem.set_k(64);
  problem.set_batch(1);
  problem.set_a_type(input);
  problem.set_b_type(input);
  problem.set_d_type(output);
  problem.set_accumulator_type(accumulator);
  v1::Epilogue& epilogue = *problem.mutable_epilogue();
  epilogue.set_bias_mode(v1::BIAS_MODE_NONE);
  epilogue.set_source_mode(v1::SOURCE_MODE_NONE);
  epilogue.set_activation(v1::ACTIVATION_NONE);
  epilogue.set_rounding_mode(v1::ROUNDING_MODE_NEAREST_EVEN);
  problem.set_scaling_mode(v1::SCALING_MODE_NONE);
  return problem;
}

v1::GemmProblem PlainBf16() {
  return Plain(v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32);
}

TEST(VendorSupportTest, TypesThatCublasLtHas) {
  EXPECT_TRUE(VendorLauncher::Supports(PlainBf16()));
  EXPECT_TRUE(
      VendorLauncher::Supports(Plain(v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32)));
  EXPECT_TRUE(
      VendorLauncher::Supports(Plain(v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32)));
  EXPECT_TRUE(
      VendorLauncher::Supports(Plain(v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32)));
  EXPECT_TRUE(VendorLauncher::Supports(
      Plain(v1::DATA_TYPE_INT8, v1::DATA_TYPE_INT32, v1::DATA_TYPE_INT32)));
}

TEST(VendorSupportTest, Fp8MixesWithWideOutputs) {
  v1::GemmProblem mixed = Plain(v1::DATA_TYPE_E4M3, v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32);
  mixed.set_b_type(v1::DATA_TYPE_E5M2);
  EXPECT_TRUE(VendorLauncher::Supports(mixed));
  mixed.set_d_type(v1::DATA_TYPE_FP16);
  mixed.set_b_type(v1::DATA_TYPE_BF16);
  EXPECT_FALSE(VendorLauncher::Supports(mixed));
}

v1::GemmProblem PlainFp8(v1::DataType output) {
  return Plain(v1::DATA_TYPE_E4M3, output, v1::DATA_TYPE_FP32);
}

TEST(VendorSupportTest, Fp8OutputsWithTheirScaleAndAmax) {
  v1::GemmProblem problem = PlainFp8(v1::DATA_TYPE_E4M3);
  EXPECT_TRUE(VendorLauncher::Supports(problem));
  problem.mutable_epilogue()->set_scale_d(true);
  problem.mutable_epilogue()->set_amax(true);
  problem.set_scaling_mode(v1::SCALING_MODE_PER_TENSOR);
  EXPECT_TRUE(VendorLauncher::Supports(problem));
  // C is bf16 beside it.
  problem.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  problem.mutable_epilogue()->set_source_type(v1::DATA_TYPE_BF16);
  EXPECT_TRUE(VendorLauncher::Supports(problem));
  problem.mutable_epilogue()->set_source_type(v1::DATA_TYPE_FP32);
  EXPECT_FALSE(VendorLauncher::Supports(problem));
  problem = PlainFp8(v1::DATA_TYPE_E5M2);
  EXPECT_FALSE(VendorLauncher::Supports(problem));
  problem.set_b_type(v1::DATA_TYPE_E5M2);
  EXPECT_TRUE(VendorLauncher::Supports(problem));
}

TEST(VendorSupportTest, VectorsAndBlocksOfScalesOfOneMatrix) {
  for (const auto mode : {v1::SCALING_MODE_PER_ROW_COLUMN, v1::SCALING_MODE_BLOCK_128}) {
    v1::GemmProblem problem = PlainFp8(v1::DATA_TYPE_BF16);
    problem.set_scaling_mode(mode);
    EXPECT_TRUE(VendorLauncher::Supports(problem));
    problem.set_batch(2);
    EXPECT_FALSE(VendorLauncher::Supports(problem));
    problem.set_batch(1);
    problem.set_d_type(v1::DATA_TYPE_E4M3);
    EXPECT_FALSE(VendorLauncher::Supports(problem));
  }
  v1::GemmProblem integers = Plain(v1::DATA_TYPE_INT8, v1::DATA_TYPE_BF16, v1::DATA_TYPE_INT32);
  integers.set_scaling_mode(v1::SCALING_MODE_PER_TENSOR);
  EXPECT_FALSE(VendorLauncher::Supports(integers));
}

TEST(VendorSupportTest, TypesThatItDoesNot) {
  EXPECT_FALSE(
      VendorLauncher::Supports(Plain(v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP32)));
  EXPECT_FALSE(
      VendorLauncher::Supports(Plain(v1::DATA_TYPE_FP32, v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32)));
  v1::GemmProblem mixed = PlainBf16();
  mixed.set_b_type(v1::DATA_TYPE_FP16);
  EXPECT_FALSE(VendorLauncher::Supports(mixed));
}

TEST(VendorSupportTest, PrecisionsThatItHasBesideTheTypes) {
  const v1::GemmProblem fp32 = Plain(v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32);
  EXPECT_TRUE(VendorLauncher::Supports(fp32, v1::PRECISION_FP32));
  EXPECT_TRUE(VendorLauncher::Supports(fp32, v1::PRECISION_TF32));
  EXPECT_FALSE(VendorLauncher::Supports(fp32, v1::PRECISION_TF32X3));
  const v1::GemmProblem open =
      Plain(v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP16, v1::DATA_TYPE_UNSPECIFIED);
  EXPECT_TRUE(VendorLauncher::Supports(open));
  EXPECT_TRUE(VendorLauncher::Supports(open, v1::PRECISION_FP16_SUMS));
  EXPECT_FALSE(VendorLauncher::Supports(
      Plain(v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP32, v1::DATA_TYPE_UNSPECIFIED),
      v1::PRECISION_FP16_SUMS));
  const v1::GemmProblem fp8 = Plain(v1::DATA_TYPE_E4M3, v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32);
  EXPECT_TRUE(VendorLauncher::Supports(fp8, v1::PRECISION_FP8_PROMOTED));
  EXPECT_TRUE(VendorLauncher::Supports(fp8, v1::PRECISION_FP8_FAST));
  EXPECT_FALSE(VendorLauncher::Supports(fp8, v1::PRECISION_FP16_SUMS));
}

TEST(VendorSupportTest, BetaTimesSourceOfTheOutputTypeIsPlain) {
  v1::GemmProblem problem = PlainBf16();
  problem.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  problem.mutable_epilogue()->set_source_type(v1::DATA_TYPE_BF16);
  EXPECT_TRUE(VendorLauncher::Supports(problem));
  problem.mutable_epilogue()->set_source_type(v1::DATA_TYPE_FP32);
  EXPECT_FALSE(VendorLauncher::Supports(problem));
  problem.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_RESIDUAL);
  EXPECT_FALSE(VendorLauncher::Supports(problem));
}

TEST(VendorSupportTest, AnyOtherEpilogueIsNot) {
  v1::GemmProblem problem = PlainBf16();
  problem.mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  EXPECT_FALSE(VendorLauncher::Supports(problem));
  problem = PlainBf16();
  problem.mutable_epilogue()->set_activation(v1::ACTIVATION_RELU);
  EXPECT_FALSE(VendorLauncher::Supports(problem));
  problem = PlainBf16();
  problem.mutable_epilogue()->set_aux_type(v1::DATA_TYPE_BF16);
  EXPECT_FALSE(VendorLauncher::Supports(problem));
  problem = PlainBf16();
  problem.mutable_epilogue()->set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC);
  EXPECT_FALSE(VendorLauncher::Supports(problem));
  problem = PlainBf16();
  problem.mutable_epilogue()->set_amax(true);
  EXPECT_FALSE(VendorLauncher::Supports(problem));
  problem = PlainBf16();
  problem.mutable_epilogue()->mutable_dropout()->set_probability(0.5);
  EXPECT_FALSE(VendorLauncher::Supports(problem));
  problem = PlainBf16();
  problem.mutable_epilogue()->set_gradient(true);
  problem.mutable_epilogue()->set_bias_gradient(true);
  EXPECT_FALSE(VendorLauncher::Supports(problem));
  problem = PlainBf16();
  problem.mutable_epilogue()->set_device_scalars(true);
  EXPECT_FALSE(VendorLauncher::Supports(problem));
}

TEST(VendorSupportTest, LibraryStatusSaysWhereItLooked) {
  const v1::LibraryStatus status = VendorLauncher::Library();
  EXPECT_EQ(status.library(), "cublasLt");
  EXPECT_GT(status.searched_size(), 0);
  EXPECT_EQ(status.found(), !status.version().empty());
}

}  // namespace
}  // namespace tilewright
