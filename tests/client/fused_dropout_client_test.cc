#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel_templates/abi/fused_dropout_args.h"
#include "proto/support/errors.h"
#include "tests/client/client_fixture.h"

namespace tilewright {
namespace {

v1::FusedDropoutProblem Dropout(int64_t rows, int64_t columns) {
  v1::FusedDropoutProblem problem;
  problem.set_rows(rows);
  problem.set_columns(columns);
  problem.set_operation(v1::DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL);
  problem.set_backward(true);
  problem.mutable_dropout()->set_probability(0.25);
  return problem;
}

// A kernel that sums columns over tiles of 64 rows.
v1::GetKernelResponse DropoutKernel(const v1::GetKernelRequest&) {
  v1::GetKernelResponse response = MeasuredKernel(v1::GemmProblem());
  v1::LaunchPlan& plan = *response.mutable_kernel()->mutable_launch_plan();
  plan.Clear();
  plan.set_arguments_version(kFusedDropoutArgsVersion);
  v1::LaunchStep& step = *plan.add_steps();
  step.set_entry_symbol("tilewright_fused_dropout");
  step.set_block_threads(128);
  step.set_grid_rule(v1::GRID_RULE_TILES);
  step.set_tile_m(64);
  step.set_tile_n(256);
  v1::WorkspaceRegion& region = *plan.mutable_workspace()->add_regions();
  region.set_rule(v1::WORKSPACE_REGION_RULE_COLUMNS);
  region.set_copies(1);
  region.set_element_bytes(4);
  plan.mutable_requirements()->set_a_alignment(16);
  return response;
}

class FusedDropoutClientTest : public ClientTest {
 protected:
  void SetUp() override {
    ClientTest::SetUp();
    service_.get_kernel = DropoutKernel;
  }
};

TEST_F(FusedDropoutClientTest, AnswersAreKeptApartFromThoseOfGemms) {
  const auto kernel = client_->GetKernel(Dropout(128, 64)).value();
  EXPECT_EQ(client_->GetKernel(Dropout(128, 64)).value(), kernel);
  EXPECT_EQ(service_.get_kernel_calls, 1);
  EXPECT_TRUE(kernel->any_problem().has_fused_dropout());
  EXPECT_EQ(kernel->fused_dropout().x_stride(), 64);
  EXPECT_EQ(kernel->problem().m(), 0);
  // The same bytes on the wire mean another problem of another kind.
  v1::GemmProblem gemm;
  ASSERT_TRUE(gemm.ParseFromString(Dropout(128, 64).SerializeAsString()));
  EXPECT_FALSE(client_->GetKernel(gemm).ok());
  v1::Problem whole;
  *whole.mutable_fused_dropout() = Dropout(128, 64);
  EXPECT_EQ(client_->GetKernel(whole).value(), kernel);
}

// It has no code to launch, and was launched.
TEST_F(FusedDropoutClientTest, AVendorsAlgorithmIsNoAnswer) {
  service_.get_kernel = [](const v1::GetKernelRequest&) {
    v1::GetKernelResponse response;
    response.mutable_vendor()->set_algorithm(std::string(64, 'a'));
    return response;
  };
  EXPECT_EQ(ReasonOf(client_->GetKernel(Dropout(128, 64)).status()), "KERNEL_INVALID");
}

TEST_F(FusedDropoutClientTest, WorkspaceFollowsTheShape) {
  const auto kernel = client_->GetKernel(Dropout(128, 64)).value();
  EXPECT_EQ(kernel->WorkspaceBytes(), 2 * 64 * 4);
  v1::FusedDropoutProblem other = Dropout(129, 128);
  other.mutable_dropout()->set_probability(0.5);
  EXPECT_EQ(kernel->WorkspaceBytes(other).value(), 3 * 128 * 4);
  EXPECT_EQ(ReasonOf(kernel->WorkspaceBytes(Dropout(4, 65)).status()), "MISALIGNED_STRIDE");
  other.clear_dropout();
  EXPECT_EQ(ReasonOf(kernel->WorkspaceBytes(other).status()), "OTHER_FAMILY");
  EXPECT_EQ(ReasonOf(kernel->WorkspaceBytes(Gemm(1, 1, 1)).status()), "OTHER_FAMILY");
}

TEST_F(FusedDropoutClientTest, EachKindIsLaunchedAsWhatItIs) {
  const auto kernel = client_->GetKernel(Dropout(128, 64)).value();
  EXPECT_EQ(ReasonOf(kernel->Launch(GemmArguments(), nullptr)), "OTHER_FAMILY");
  // On a machine with a GPU no context is current here; elsewhere there is no driver.
  EXPECT_THAT(ReasonOf(kernel->Launch(FusedDropoutArguments(), nullptr)),
              ::testing::AnyOf("NO_CUDA_DRIVER", "NO_CUDA_CONTEXT"));
  service_.get_kernel = [](const v1::GetKernelRequest& request) {
    return MeasuredKernel(request.problem().gemm());
  };
  const auto gemm = client_->GetKernel(Gemm(8, 8, 8)).value();
  EXPECT_EQ(ReasonOf(gemm->Launch(FusedDropoutArguments(), nullptr)), "OTHER_FAMILY");
}

}  // namespace
}  // namespace tilewright
