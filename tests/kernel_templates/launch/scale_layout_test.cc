#include <gtest/gtest.h>

#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

v1::GemmProblem Problem(v1::ScalingMode mode, int64_t batch) {
  v1::GemmProblem problem;
  problem.set_m(100);
  problem.set_n(200);
  problem.set_k(700);
  problem.set_batch(batch);
  problem.set_a_type(v1::DATA_TYPE_E4M3);
  problem.set_b_type(v1::DATA_TYPE_E4M3);
  problem.set_d_type(v1::DATA_TYPE_E4M3);
  problem.set_scaling_mode(mode);
  return problem;
}

const float* Address(uintptr_t value) { return reinterpret_cast<const float*>(value); }

GemmArguments Operands() {
  GemmArguments operands;
  operands.scale_a = Address(0x10000);
  operands.scale_b = Address(0x20000);
  return operands;
}

void ExpectBlames(const absl::Status& status, const std::string& field, const std::string& reason) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  ASSERT_TRUE(ErrorInfoOf(status)) << status;
  EXPECT_EQ(ErrorInfoOf(status)->metadata().at("field"), field) << status;
  EXPECT_EQ(ReasonOf(status), reason) << status;
}

TEST(ScaleElementsTest, FollowTheModeAndTheShape) {
  const auto elements = [](v1::ScalingMode mode, int64_t batch) {
    const v1::GemmProblem problem = Problem(mode, batch);
    return std::pair(ScaleElements(problem, v1::OPERAND_SCALE_A),
                     ScaleElements(problem, v1::OPERAND_SCALE_B));
  };
  EXPECT_EQ(elements(v1::SCALING_MODE_NONE, 1), std::pair(int64_t{0}, int64_t{0}));
  EXPECT_EQ(elements(v1::SCALING_MODE_PER_TENSOR, 3), std::pair(int64_t{1}, int64_t{1}));
  EXPECT_EQ(elements(v1::SCALING_MODE_PER_ROW_COLUMN, 3), std::pair(int64_t{300}, int64_t{600}));
  // 6 blocks of k, for B rounded up to 8, and 2 of n.
  EXPECT_EQ(elements(v1::SCALING_MODE_BLOCK_128, 1), std::pair(int64_t{600}, int64_t{16}));
  EXPECT_EQ(elements(v1::SCALING_MODE_BLOCK_128, 2), std::pair(int64_t{1200}, int64_t{32}));
}

TEST(CheckScalesTest, NullAndMisalignedPointersAreNamed) {
  const v1::GemmProblem problem = Problem(v1::SCALING_MODE_PER_ROW_COLUMN, 1);
  GemmArguments operands = Operands();
  EXPECT_TRUE(CheckScales(problem, operands, 4).ok());
  operands.scale_a = nullptr;
  ExpectBlames(CheckScales(problem, operands, 4), "operands.scale_a", "NULL_POINTER");
  operands = Operands();
  operands.scale_b = Address(0x20002);
  ExpectBlames(CheckScales(problem, operands, 4), "operands.scale_b", "MISALIGNED_POINTER");
  operands.scale_b = Address(0x20004);
  EXPECT_TRUE(CheckScales(problem, operands, 4).ok());
  ExpectBlames(CheckScales(problem, operands, 16), "operands.scale_b", "MISALIGNED_POINTER");
  EXPECT_TRUE(CheckScales(Problem(v1::SCALING_MODE_NONE, 1), GemmArguments(), 4).ok());
}

TEST(CheckScalesTest, AToldNumberOfElementsMustBeTheShapes) {
  const v1::GemmProblem problem = Problem(v1::SCALING_MODE_BLOCK_128, 1);
  GemmArguments operands = Operands();
  operands.scale_a_elements = 600;
  operands.scale_b_elements = 16;
  EXPECT_TRUE(CheckScales(problem, operands, 4).ok());
  operands.scale_b_elements = 12;  // Without the padding along k.
  const absl::Status status = CheckScales(problem, operands, 4);
  ExpectBlames(status, "operands.scale_b", "WRONG_SHAPE");
  EXPECT_NE(status.message().find("pass 16 fp32"), std::string::npos) << status;
}

TEST(CheckScalesTest, TheScaleOfDIsNeededWhereItIsAskedFor) {
  v1::GemmProblem problem = Problem(v1::SCALING_MODE_NONE, 1);
  problem.mutable_epilogue()->set_scale_d(true);
  ExpectBlames(CheckScales(problem, Operands(), 4), "operands.scale_d", "NULL_POINTER");
}

}  // namespace
}  // namespace tilewright
