#include "tilewright/kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/support/errors.h"
#include "tests/client/client_fixture.h"

namespace tilewright {
namespace {

TEST_F(ClientTest, WorkspaceFollowsTheRuleAndTheShape) {
  v1::GemmProblem problem = Gemm(64, 32, 16);
  problem.set_batch(3);
  EXPECT_EQ(client_->GetKernel(problem).value()->WorkspaceBytes(), 2 * 4 * 3 * 64 * 32);
}

TEST_F(ClientTest, LaunchWithoutADriverSaysSo) {
  const absl::Status status =
      client_->GetKernel(Gemm(8, 8, 8)).value()->Launch(GemmArguments(), nullptr);
  // On a machine with a GPU no context is current here; elsewhere there is no driver.
  EXPECT_THAT(ReasonOf(status), ::testing::AnyOf("NO_CUDA_DRIVER", "NO_CUDA_CONTEXT"));
}

TEST_F(ClientTest, LaunchOfAnotherFamilyIsRefused) {
  v1::GemmProblem other = Gemm(16, 16, 16);
  other.set_a_type(v1::DATA_TYPE_FP16);
  const auto kernel = client_->GetKernel(Gemm(8, 8, 8)).value();
  EXPECT_EQ(ReasonOf(kernel->Launch(other, GemmArguments(), nullptr)), "OTHER_FAMILY");
}

// The product of a plan's copies and a large shape overflowed.
TEST_F(ClientTest, WorkspaceOfAnAbsurdShapeDoesNotOverflow) {
  const v1::GemmProblem problem = Gemm(int64_t{1} << 31, int64_t{1} << 31, 16);
  EXPECT_GE(client_->GetKernel(problem).value()->WorkspaceBytes(), int64_t{1} << 60);
}

// Launch took another shape, but nobody could say how much workspace that needs.
TEST_F(ClientTest, WorkspaceOfAnotherShapeIsThatShapes) {
  const auto kernel = client_->GetKernel(Gemm(64, 32, 16)).value();
  v1::GemmProblem other = Gemm(128, 96, 32);
  other.set_batch(2);
  const auto bytes = kernel->WorkspaceBytes(other);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(*bytes, 2 * 4 * 2 * 128 * 96);
  EXPECT_EQ(ReasonOf(kernel->WorkspaceBytes(Gemm(64, 32, 17)).status()), "MISALIGNED_STRIDE");
  other.set_a_type(v1::DATA_TYPE_FP16);
  EXPECT_EQ(ReasonOf(kernel->WorkspaceBytes(other).status()), "OTHER_FAMILY");
}

TEST_F(ClientTest, AVendorAlgorithmHasOneShape) {
  service_.get_kernel = [](const v1::GetKernelRequest&) {
    v1::GetKernelResponse response;
    response.mutable_vendor()->set_workspace_bytes(4096);
    response.mutable_vendor()->set_algorithm(std::string(64, 'a'));
    return response;
  };
  const auto kernel = client_->GetKernel(Gemm(64, 32, 16)).value();
  EXPECT_EQ(kernel->WorkspaceBytes(), 4096);
  EXPECT_EQ(ReasonOf(kernel->WorkspaceBytes(Gemm(64, 32, 32)).status()), "SHAPE_NOT_SERVED");
}

}  // namespace
}  // namespace tilewright
