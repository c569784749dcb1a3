#include "tuner/bench/rotation.h"

#include <gtest/gtest.h>

#include "proto/problem/gemm/gemm_tensors.h"

namespace tilewright {
namespace {

constexpr double kL2 = 50e6;

TEST(RotationTest, OneLaunchNeedsOneSet) { EXPECT_EQ(Rotation::SetsFor(1e6, kL2, 1), 1); }

TEST(RotationTest, SetsFillTheCacheTwice) { EXPECT_EQ(Rotation::SetsFor(25e6, kL2, 16), 5); }

TEST(RotationTest, NeverMoreThanLaunches) { EXPECT_EQ(Rotation::SetsFor(1e3, kL2, 16), 16); }

TEST(RotationTest, TensorsLargerThanTheCacheNeedTwo) {
  EXPECT_EQ(Rotation::SetsFor(1e9, kL2, 16), 2);
}

TEST(RotationTest, BytesCountEveryTensorOnce) {
  v1::GemmProblem problem;
  problem.set_m(10);
  problem.set_n(20);
  problem.set_k(30);
  problem.set_batch(1);
  problem.set_a_type(v1::DATA_TYPE_BF16);
  problem.set_b_type(v1::DATA_TYPE_BF16);
  problem.set_d_type(v1::DATA_TYPE_FP32);
  problem.mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  problem.mutable_epilogue()->set_bias_type(v1::DATA_TYPE_FP32);
  EXPECT_EQ(BytesOf(TensorsOf(problem)), 2 * (300 + 600) + 4 * 200 + 4 * 20);
}

TEST(RotationTest, BytesCountMasksAndGradientsOfTheBias) {
  v1::GemmProblem problem;
  problem.set_m(10);
  problem.set_n(20);
  problem.set_k(30);
  problem.set_batch(2);
  problem.set_a_type(v1::DATA_TYPE_BF16);
  problem.set_b_type(v1::DATA_TYPE_BF16);
  problem.set_d_type(v1::DATA_TYPE_BF16);
  const double plain = BytesOf(TensorsOf(problem));
  problem.mutable_epilogue()->mutable_dropout()->set_probability(0.5);
  problem.mutable_epilogue()->mutable_dropout()->set_store_mask(true);
  EXPECT_EQ(BytesOf(TensorsOf(problem)), plain + 2 * 10 * 4);
  problem.mutable_epilogue()->set_bias_gradient(true);
  EXPECT_EQ(BytesOf(TensorsOf(problem)), plain + 2 * 10 * 4 + 4 * 20);
}

}  // namespace
}  // namespace tilewright
