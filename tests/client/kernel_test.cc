#include "tilewright/kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "client/cpp/loaded_module.h"
#include "proto/problem/problem.h"
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
  const v1::GemmProblem problem = Gemm(int64_t{1} << 30, int64_t{1} << 30, 1);
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

// Batches of D that overlap were launched, and so were strides that no memory holds.
TEST_F(ClientTest, WhatTheServiceRefusesIsRefusedInItsWords) {
  const auto kernel = client_->GetKernel(Gemm(128, 128, 128)).value();
  v1::GemmProblem overlapping = Gemm(128, 128, 128);
  overlapping.set_batch(2);
  overlapping.set_d_batch_stride(128);
  v1::GemmProblem backwards = overlapping;
  backwards.set_d_batch_stride(-16384);
  v1::GemmProblem endless = Gemm(128, 128, 128);
  endless.set_lda(int64_t{1} << 60);
  v1::GemmProblem empty = Gemm(128, 0, 128);
  v1::GemmProblem unlikely = Gemm(128, 128, 128);
  unlikely.mutable_epilogue()->mutable_dropout()->set_probability(1.5);
  v1::GemmProblem unknown = Gemm(128, 128, 128);
  unknown.mutable_epilogue()->set_activation(static_cast<v1::Activation>(99));
  for (const v1::GemmProblem& refused :
       {overlapping, backwards, endless, empty, unlikely, unknown}) {
    v1::Problem problem;
    *problem.mutable_gemm() = refused;
    const absl::Status service = Canonicalize(problem).status();
    ASSERT_FALSE(service.ok()) << refused.ShortDebugString();
    EXPECT_EQ(kernel->Launch(refused, GemmArguments(), nullptr), service);
    EXPECT_EQ(kernel->WorkspaceBytes(refused).status(), service);
  }
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

// A newer daemon may serve what this version refuses. The words blamed the service.
TEST_F(ClientTest, AKernelForAProblemThatThisVersionRefusesIsOfAnotherVersion) {
  v1::GemmProblem newer = Gemm(64, 32, 16);
  newer.set_d_type(v1::DATA_TYPE_TF32);
  const absl::Status status = client_->GetKernel(newer).status();
  EXPECT_EQ(ReasonOf(status), "OTHER_VERSION") << status;
}

// A daemon that sent one kernel for problems of two kinds had it launched as the other kind.
TEST(ModuleCacheTest, KeepsTheKindsApart) {
  ModuleCache modules;
  const auto kernel = std::make_shared<const v1::Kernel>();
  const auto gemm = modules.Get(v1::Problem::kGemm, kernel);
  EXPECT_EQ(modules.Get(v1::Problem::kGemm, kernel), gemm);
  EXPECT_NE(modules.Get(v1::Problem::kFusedDropout, kernel), gemm);
}

}  // namespace
}  // namespace tilewright
