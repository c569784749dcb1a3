// What a launch of a fused dropout is checked for, and what it passes on.
#include "kernel_templates/launch/fused_dropout/fused_dropout_operands.h"

#include <gtest/gtest.h>

#include <string>

#include "kernel_templates/abi/kernel_args.h"
#include "kernel_templates/launch/plan/check_plan.h"
#include "proto/problem/dropout_mask.h"
#include "tests/kernel_templates/launch/launch_fixture.h"

namespace tilewright {
namespace {

v1::LaunchPlan FusedPlan() {
  v1::LaunchPlan plan = Plan();
  plan.set_arguments_version(kFusedDropoutArgsVersion);
  v1::Requirements& needs = *plan.mutable_requirements();
  needs.Clear();
  needs.set_a_alignment(16);
  needs.set_c_alignment(8);
  needs.set_d_alignment(16);
  needs.set_aux_alignment(16);
  return plan;
}

// With every part that the direction has.
v1::FusedDropoutProblem FullProblem(bool backward) {
  v1::FusedDropoutProblem problem;
  problem.set_rows(64);
  problem.set_columns(48);
  problem.set_type(v1::DATA_TYPE_BF16);
  problem.set_bias_type(v1::DATA_TYPE_BF16);
  problem.set_residual_type(v1::DATA_TYPE_FP32);
  problem.set_weight_type(v1::DATA_TYPE_BF16);
  problem.set_operation(v1::DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL);
  problem.set_normalization(v1::NORMALIZATION_LAYER_NORM);
  problem.mutable_dropout()->set_probability(0.25);
  problem.mutable_dropout()->set_philox_rounds(7);
  problem.mutable_dropout()->set_store_mask(true);
  problem.set_backward(backward);
  problem.set_add_gradient(backward);
  problem.set_store_statistics(!backward);
  problem.set_store_pre_norm(!backward);
  return problem;
}

FusedDropoutArguments FullOperands(const v1::FusedDropoutProblem& problem) {
  FusedDropoutArguments operands;
  uintptr_t address = 0x10000;
  for (const TensorUse& use : TensorsOf(problem)) {
    kFusedDropoutOperands.Set(use, Address(address += 0x10000), operands);
  }
  operands.offset = 3;
  return operands;
}

absl::Status CheckShape(const v1::LaunchPlan& plan, const v1::FusedDropoutProblem& problem) {
  return CheckFusedDropoutShape(plan, problem, TensorsOf(problem));
}

absl::Status CheckOperands(const v1::LaunchPlan& plan, const v1::FusedDropoutProblem& problem,
                           const FusedDropoutArguments& operands) {
  return CheckFusedDropoutOperands(plan, problem, TensorsOf(problem), operands);
}

FusedDropoutArgs Pack(const v1::LaunchPlan& plan, const v1::FusedDropoutProblem& problem,
                      const FusedDropoutArguments& operands) {
  return PackFusedDropout(plan, problem, TensorsOf(problem), operands);
}

TEST(FusedDropoutOperandsTest, EveryTensorIsNeededAndAligned) {
  for (const bool backward : {false, true}) {
    const v1::FusedDropoutProblem problem = FullProblem(backward);
    EXPECT_TRUE(CheckShape(FusedPlan(), problem).ok());
    EXPECT_TRUE(CheckOperands(FusedPlan(), problem, FullOperands(problem)).ok());
    for (const TensorUse& use : TensorsOf(problem)) {
      const std::string field = std::string("operands.") + use.name;
      FusedDropoutArguments operands = FullOperands(problem);
      kFusedDropoutOperands.Set(use, nullptr, operands);
      EXPECT_EQ(kFusedDropoutOperands.Get(use, operands), nullptr);
      ExpectBlames(CheckOperands(FusedPlan(), problem, operands), field, "NULL_POINTER");
      if (FusedTensorOf(use) == FusedTensor::kMask) continue;
      kFusedDropoutOperands.Set(use, Address(0x10001), operands);
      ExpectBlames(CheckOperands(FusedPlan(), problem, operands), field, "MISALIGNED_POINTER");
    }
  }
}

TEST(FusedDropoutOperandsTest, OffsetsAndScalars) {
  const v1::FusedDropoutProblem problem = FullProblem(false);
  FusedDropoutArguments operands = FullOperands(problem);
  operands.offset = kNoLaunchOffset;
  ExpectBlames(CheckOperands(FusedPlan(), problem, operands), "operands.offset",
               "SEED_WITHOUT_OFFSET");
  operands.offset = kOffsetLimit;
  ExpectBlames(CheckOperands(FusedPlan(), problem, operands), "operands.offset", "OUT_OF_RANGE");
  operands = FullOperands(problem);
  operands.epsilon = -1;
  ExpectBlames(CheckOperands(FusedPlan(), problem, operands), "operands.epsilon", "OUT_OF_RANGE");
  operands = FullOperands(problem);
  operands.mask_bytes = 64 * 6 - 1;
  ExpectBlames(CheckOperands(FusedPlan(), problem, operands), "operands.mask_bytes",
               "MASK_TOO_SMALL");
  v1::FusedDropoutProblem plain = problem;
  plain.clear_dropout();
  operands = FullOperands(problem);
  operands.offset = kNoLaunchOffset;
  EXPECT_TRUE(CheckOperands(FusedPlan(), plain, operands).ok());
}

TEST(FusedDropoutOperandsTest, ShapesThatThePlanDoesNotTake) {
  v1::FusedDropoutProblem problem = FullProblem(false);
  v1::LaunchPlan plan = FusedPlan();
  plan.mutable_requirements()->set_n_limit(47);
  ExpectBlames(CheckShape(plan, problem), "fused_dropout.columns", "OUT_OF_RANGE");
  problem.set_x_stride(52);
  ExpectBlames(CheckShape(FusedPlan(), problem), "fused_dropout.x_stride", "MISALIGNED_STRIDE");
}

TEST(FusedDropoutOperandsTest, PacksWhatTheProblemHas) {
  v1::FusedDropoutProblem problem = FullProblem(true);
  problem.set_y_stride(64);
  v1::LaunchPlan plan = FusedPlan();
  v1::WorkspaceRegion& region = *plan.mutable_workspace()->add_regions();
  region.set_rule(v1::WORKSPACE_REGION_RULE_COLUMNS);
  region.set_copies(3);
  region.set_element_bytes(4);
  FusedDropoutArguments operands = FullOperands(problem);
  operands.y = Address(0x20);
  operands.workspace = Address(0x40);
  operands.seed = 9;
  const FusedDropoutArgs args = Pack(plan, problem, operands);
  EXPECT_EQ(args.dy, operands.dy);
  EXPECT_EQ(args.shift_gradient, operands.shift_gradient);
  EXPECT_EQ(args.y, nullptr);
  EXPECT_EQ(args.x, nullptr);  // Without an activation it is not read.
  EXPECT_EQ(static_cast<void*>(args.column_sums), Address(0x40));
  EXPECT_EQ(args.x_stride, 48);
  EXPECT_EQ(args.y_stride, 64);
  EXPECT_EQ(args.rows, 64);
  EXPECT_EQ(args.columns, 48);
  EXPECT_EQ(args.seed, 9u);
  EXPECT_EQ(args.offset, 3u);
  EXPECT_EQ(args.dropout_offset, DropoutOffset(QuantizeProbability(0.25)));
  EXPECT_EQ(args.kept_share, 0.75f);
  EXPECT_EQ(args.dropout_scale, DropoutScale(QuantizeProbability(0.25)));
  problem.clear_dropout();
  EXPECT_EQ(Pack(plan, problem, operands).seed, 0u);
  EXPECT_EQ(Pack(plan, problem, operands).mask, nullptr);
}

TEST(FusedDropoutOperandsTest, PlansAreOfOneVersionOfArguments) {
  EXPECT_TRUE(CheckPlan(FusedPlan()).ok());
  EXPECT_TRUE(CheckArgumentsVersion(FusedPlan(), kFusedDropoutArgsVersion).ok());
  EXPECT_FALSE(CheckArgumentsVersion(FusedPlan(), kGemmArgsVersion).ok());
}

}  // namespace
}  // namespace tilewright
