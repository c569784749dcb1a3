// Kernels that misbehave on purpose: each gets its failure kind, and the profiler goes on.
#include <gtest/gtest.h>

#include "kernel_templates/abi/kernel_args.h"
#include "proto/support/sha256.h"
#include "tests/codegen/faulty_templates.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tuner/codegen/renderer.h"
#include "tuner/problem/canonical_problem.h"

namespace tilewright {
namespace {

class FaultsTest : public ::testing::Test {
 protected:
  FaultsTest() : problem_(*Canonicalize(Gemm(128, 96, 64, v1::DATA_TYPE_BF16))) {}

  v1::Kernel Faulty(FaultyKind kind) {
    v1::Kernel kernel;
    kernel.set_architecture(GpuMachine::Get().architecture());
    kernel.mutable_variant()->set_template_name("faulty");
    v1::LaunchPlan& plan = *kernel.mutable_launch_plan();
    plan.set_arguments_version(kGemmArgsVersion);
    plan.set_raster_group(1);
    v1::LaunchStep& step = *plan.add_steps();
    step.set_entry_symbol(std::string(kGemmEntry));
    step.set_block_threads(256);
    step.set_grid_rule(v1::GRID_RULE_TILES);
    step.set_tile_m(16);
    step.set_tile_n(16);
    step.set_split_k(1);
    const absl::Status status = GpuMachine::Get().compiler().CompileAll(
        {{RenderFaultySource(kind), kernel.architecture(), {step.entry_symbol()}}}, Cancellation(),
        [&](std::size_t, CompileOutcome outcome) {
          const auto* code = std::get_if<CompiledCode>(&outcome);
          ASSERT_NE(code, nullptr) << std::get<v1::Failure>(outcome).message();
          kernel.set_cubin(code->cubin);
        });
    EXPECT_TRUE(status.ok()) << status;
    kernel.set_content_hash(Sha256(kernel.cubin()));
    return kernel;
  }

  std::vector<v1::Kernel> Sound() {
    return CompileKernels(problem_, PickVariants(problem_, 2, false));
  }

  absl::StatusOr<ProfileReport> Profile(std::vector<v1::Kernel> kernels) {
    ProfileRequest request;
    request.problem = problem_;
    request.kernels = std::move(kernels);
    request.include_vendor = false;
    request.max_rounds = 3;
    return GpuMachine::Get().profiler().Profile(request, Cancellation(), nullptr);
  }

  // A faulty kernel between two sound ones.
  void ExpectFailure(FaultyKind kind, v1::FailureKind expected) {
    std::vector<v1::Kernel> kernels = Sound();
    ASSERT_EQ(kernels.size(), 2u);
    kernels.insert(kernels.begin() + 1, Faulty(kind));
    const auto report = Profile(kernels);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->kernels[0].has_measurement()) << report->kernels[0].failure().message();
    EXPECT_TRUE(report->kernels[2].has_measurement()) << report->kernels[2].failure().message();
    EXPECT_EQ(report->kernels[1].failure().kind(), expected)
        << v1::FailureKind_Name(report->kernels[1].failure().kind()) << ": "
        << report->kernels[1].failure().message();
  }

  v1::Problem problem_;
};

TEST_F(FaultsTest, IllegalAccess) {
  ExpectFailure(FaultyKind::kIllegalAccess, v1::FAILURE_KIND_LAUNCH_ERROR);
}

TEST_F(FaultsTest, EndlessKernel) { ExpectFailure(FaultyKind::kEndless, v1::FAILURE_KIND_TIMEOUT); }

TEST_F(FaultsTest, WrongResult) {
  ExpectFailure(FaultyKind::kWrongResult, v1::FAILURE_KIND_WRONG_RESULT);
}

TEST_F(FaultsTest, OutOfBoundsWrite) {
  ExpectFailure(FaultyKind::kOutOfBoundsWrite, v1::FAILURE_KIND_OUT_OF_BOUNDS);
}

TEST_F(FaultsTest, NondeterministicResult) {
  ExpectFailure(FaultyKind::kNondeterministic, v1::FAILURE_KIND_NONDETERMINISTIC);
}

// Right for every beta but 0, where C is NaN.
TEST_F(FaultsTest, AReadOfWhatIsNotRead) {
  problem_.mutable_gemm()->mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  problem_ = *Canonicalize(problem_);
  ExpectFailure(FaultyKind::kReadsUnread, v1::FAILURE_KIND_WRONG_RESULT);
}

TEST_F(FaultsTest, AllOfThemInOneProfile) {
  std::vector<v1::Kernel> kernels = Sound();
  for (const FaultyKind kind :
       {FaultyKind::kIllegalAccess, FaultyKind::kEndless, FaultyKind::kWrongResult,
        FaultyKind::kOutOfBoundsWrite, FaultyKind::kNondeterministic}) {
    kernels.push_back(Faulty(kind));
  }
  const auto report = Profile(kernels);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->kernels[0].has_measurement());
  EXPECT_TRUE(report->kernels[1].has_measurement());
  for (std::size_t i = 2; i < kernels.size(); ++i) {
    EXPECT_TRUE(report->kernels[i].has_failure()) << i;
  }
}

TEST_F(FaultsTest, CodeThatIsNoCubinIsALaunchError) {
  std::vector<v1::Kernel> kernels = Sound();
  ASSERT_EQ(kernels.size(), 2u);
  kernels[0].set_cubin("not a cubin");
  const auto report = Profile(kernels);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kernels[0].failure().kind(), v1::FAILURE_KIND_LAUNCH_ERROR);
  EXPECT_TRUE(report->kernels[1].has_measurement());
}

TEST_F(FaultsTest, ProblemsLargerThanTheGpuAreDeferred) {
  const auto huge = Canonicalize(Gemm(2000000, 2000000, 64, v1::DATA_TYPE_BF16));
  ASSERT_TRUE(huge.ok());
  ProfileRequest request;
  request.problem = *huge;
  request.kernels = Sound();
  const auto report = GpuMachine::Get().profiler().Profile(request, Cancellation(), nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  for (const v1::Candidate& candidate : report->kernels) {
    EXPECT_EQ(candidate.failure().kind(), v1::FAILURE_KIND_DEFERRED);
  }
}

}  // namespace
}  // namespace tilewright
