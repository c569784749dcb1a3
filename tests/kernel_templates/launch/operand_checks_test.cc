#include <gtest/gtest.h>

#include <limits>

#include "kernel_templates/launch/gemm/gemm_operands.h"
#include "tests/kernel_templates/launch/launch_fixture.h"

namespace tilewright {
namespace {

TEST(CheckOperandsTest, NullAndMisalignedPointersAreNamed) {
  GemmArguments operands = Operands();
  EXPECT_TRUE(CheckOperands(Plan(), Problem(), operands).ok());
  operands.b = nullptr;
  ExpectBlames(CheckOperands(Plan(), Problem(), operands), "operands.b", "NULL_POINTER");
  operands = Operands();
  operands.a = Address(0x10008);
  ExpectBlames(CheckOperands(Plan(), Problem(), operands), "operands.a", "MISALIGNED_POINTER");
  operands = Operands();
  operands.d = Address(0x30002);
  ExpectBlames(CheckOperands(Plan(), Problem(), operands), "operands.d", "MISALIGNED_POINTER");
}

TEST(CheckOperandsTest, AlignmentIsAtLeastTheElement) {
  v1::LaunchPlan plan = Plan();
  plan.mutable_requirements()->set_a_alignment(0);
  GemmArguments operands = Operands();
  operands.a = Address(0x10001);
  ExpectBlames(CheckOperands(plan, Problem(), operands), "operands.a", "MISALIGNED_POINTER");
}

TEST(CheckOperandsTest, EpilogueOperandsAreNeededOnlyWhereUsed) {
  v1::GemmProblem problem = Problem();
  v1::Epilogue& epilogue = *problem.mutable_epilogue();
  epilogue.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  epilogue.set_bias_type(v1::DATA_TYPE_FP32);
  ExpectBlames(CheckOperands(Plan(), problem, Operands()), "operands.bias", "NULL_POINTER");
  problem = Problem();
  problem.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_RESIDUAL);
  problem.mutable_epilogue()->set_source_type(v1::DATA_TYPE_BF16);
  ExpectBlames(CheckOperands(Plan(), problem, Operands()), "operands.c", "NULL_POINTER");
  problem = Problem();
  problem.mutable_epilogue()->set_aux_type(v1::DATA_TYPE_BF16);
  ExpectBlames(CheckOperands(Plan(), problem, Operands()), "operands.aux", "NULL_POINTER");
  problem = Problem();
  problem.mutable_epilogue()->set_amax(true);
  ExpectBlames(CheckOperands(Plan(), problem, Operands()), "operands.amax", "NULL_POINTER");
  problem = Problem();
  problem.mutable_epilogue()->set_non_finite_flag(true);
  ExpectBlames(CheckOperands(Plan(), problem, Operands()), "operands.non_finite", "NULL_POINTER");
}

v1::GemmProblem Accumulating() {
  v1::GemmProblem problem = Problem();
  problem.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  problem.mutable_epilogue()->set_source_type(v1::DATA_TYPE_BF16);
  return problem;
}

TEST(CheckOperandsTest, AnAccumulatedSourceIsNeededWhereBetaIsNotZero) {
  GemmArguments operands = Operands();
  EXPECT_EQ(operands.beta, 0.0f);
  EXPECT_TRUE(CheckOperands(Plan(), Accumulating(), operands).ok());
  EXPECT_FALSE(ReadsSource(Accumulating(), operands));
  operands.c = Address(0x40001);  // Nobody looks at it.
  EXPECT_TRUE(CheckOperands(Plan(), Accumulating(), operands).ok());
  for (const float beta : {1.0f, -0.5f, 1e-45f, std::numeric_limits<float>::quiet_NaN()}) {
    operands.beta = beta;
    operands.c = nullptr;
    EXPECT_TRUE(ReadsSource(Accumulating(), operands));
    ExpectBlames(CheckOperands(Plan(), Accumulating(), operands), "operands.c", "NULL_POINTER");
    operands.c = Address(0x40001);
    ExpectBlames(CheckOperands(Plan(), Accumulating(), operands), "operands.c",
                 "MISALIGNED_POINTER");
    operands.c = Address(0x40000);
    EXPECT_TRUE(CheckOperands(Plan(), Accumulating(), operands).ok());
  }
}

// The host does not see beta.
TEST(CheckOperandsTest, ASourceIsThereForABetaInDeviceMemory) {
  v1::GemmProblem problem = Accumulating();
  problem.mutable_epilogue()->set_device_scalars(true);
  GemmArguments operands = Operands();
  operands.device_alpha = operands.device_beta = static_cast<const float*>(Address(0x50000));
  ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.c", "NULL_POINTER");
  operands.c = Address(0x40000);
  EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
}

// A kernel that splits the epilogue from the GEMM has overwritten them when it reads them.
TEST(CheckOperandsTest, WhatIsReadLateIsNotD) {
  v1::GemmProblem problem = Problem();
  v1::Epilogue& epilogue = *problem.mutable_epilogue();
  epilogue.set_source_mode(v1::SOURCE_MODE_RESIDUAL);
  epilogue.set_source_type(v1::DATA_TYPE_BF16);
  GemmArguments operands = Operands();
  operands.c = operands.d;
  operands.offset = 0;
  EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
  epilogue.mutable_dropout()->set_probability(0.5);
  epilogue.mutable_dropout()->set_philox_rounds(7);
  ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.c", "IS_OUTPUT");
  epilogue.set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
  problem = Problem();
  problem.mutable_epilogue()->set_gradient(true);
  problem.mutable_epilogue()->set_aux_type(v1::DATA_TYPE_BF16);
  operands.aux = operands.d;
  ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.aux", "IS_OUTPUT");
  operands.aux = Address(0x40000);
  EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
}

TEST(CheckOperandsTest, IntegerOutputsTakeNoAlpha) {
  v1::GemmProblem problem = Problem();
  problem.set_d_type(v1::DATA_TYPE_INT32);
  GemmArguments operands = Operands();
  EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
  operands.alpha = 2.0f;
  ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.alpha", "SCALAR_NOT_EXACT");
}

TEST(CheckOperandsTest, WorkspaceIsBigEnoughAndThere) {
  v1::LaunchPlan plan = Plan();
  plan.mutable_workspace()->set_partial_copies(4);
  plan.mutable_workspace()->set_element_bytes(4);
  GemmArguments operands = Operands();
  operands.workspace_bytes = 4 * 4 * 64 * 64 - 1;
  ExpectBlames(CheckOperands(plan, Problem(), operands), "operands.workspace_bytes",
               "WORKSPACE_TOO_SMALL");
  operands.workspace_bytes += 1;
  ExpectBlames(CheckOperands(plan, Problem(), operands), "operands.workspace", "NULL_POINTER");
  operands.workspace = Address(0x40008);
  ExpectBlames(CheckOperands(plan, Problem(), operands), "operands.workspace",
               "MISALIGNED_POINTER");
  operands.workspace = Address(0x40010);
  EXPECT_TRUE(CheckOperands(plan, Problem(), operands).ok());
}

v1::GemmProblem DropoutProblem(bool store_mask = false) {
  v1::GemmProblem problem = Problem();
  v1::Dropout& dropout = *problem.mutable_epilogue()->mutable_dropout();
  dropout.set_probability(0.5);
  dropout.set_philox_rounds(7);
  dropout.set_store_mask(store_mask);
  return problem;
}

TEST(CheckOperandsTest, RandomBitsNeedAnOffset) {
  v1::GemmProblem rounding = Problem();
  rounding.mutable_epilogue()->set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC);
  for (const v1::GemmProblem& problem : {DropoutProblem(), rounding}) {
    GemmArguments operands = Operands();
    operands.seed = 7;
    ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.offset",
                 "SEED_WITHOUT_OFFSET");
    operands.offset = 0;
    EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
    operands.offset = (uint64_t{1} << 48) - 1;
    EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
    operands.offset += 1;
    ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.offset", "OUT_OF_RANGE");
  }
}

TEST(CheckOperandsTest, WithoutRandomBitsAnyOffsetWillDo) {
  GemmArguments operands = Operands();
  EXPECT_EQ(operands.offset, kNoLaunchOffset);
  EXPECT_TRUE(CheckOperands(Plan(), Problem(), operands).ok());
}

TEST(CheckOperandsTest, StoredMasksHaveRoom) {
  v1::GemmProblem problem = DropoutProblem(/*store_mask=*/true);
  problem.set_n(65);  // Rows of 10 bytes.
  GemmArguments operands = Operands();
  operands.offset = 0;
  ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.mask", "NULL_POINTER");
  operands.mask = Address(0x50001);
  ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.mask", "MISALIGNED_POINTER");
  operands.mask = Address(0x50002);
  EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
  operands.mask_bytes = 64 * 10 - 1;
  ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.mask_bytes", "MASK_TOO_SMALL");
  operands.mask_bytes += 1;
  EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
}

TEST(CheckOperandsTest, GradientsOfTheBiasHaveAPlace) {
  v1::GemmProblem problem = Problem();
  problem.mutable_epilogue()->set_gradient(true);
  problem.mutable_epilogue()->set_bias_gradient(true);
  GemmArguments operands = Operands();
  ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.bias_gradient", "NULL_POINTER");
  operands.bias_gradient = static_cast<float*>(Address(0x50004));
  EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
}

TEST(CheckOperandsTest, ScalarsInDeviceMemoryAreThere) {
  v1::GemmProblem problem = Problem();
  problem.mutable_epilogue()->set_device_scalars(true);
  GemmArguments operands = Operands();
  ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.device_alpha", "NULL_POINTER");
  operands.device_alpha = static_cast<float*>(Address(0x50000));
  EXPECT_TRUE(CheckOperands(Plan(), problem, operands).ok());
  problem.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  problem.mutable_epilogue()->set_source_type(v1::DATA_TYPE_BF16);
  operands.c = Address(0x60000);
  ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.device_beta", "NULL_POINTER");
  operands.device_beta = static_cast<float*>(Address(0x50002));
  ExpectBlames(CheckOperands(Plan(), problem, operands), "operands.device_beta",
               "MISALIGNED_POINTER");
}

}  // namespace
}  // namespace tilewright
