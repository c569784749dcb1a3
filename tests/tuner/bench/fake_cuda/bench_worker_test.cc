// The whole bench worker over a driver that runs kernels on the host: what a real GPU adds
// is tested in tests/gpu.
#include "tuner/bench/bench_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "tests/fakes/fake_compiler.h"
#include "tests/tuner/bench/fake_cuda/behaving_kernel.h"
#include "tests/tuner/codegen/gemm_problems.h"
#include "tuner/profile/bench_profiler.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class BenchWorkerTest : public ::testing::Test {
 protected:
  // One for all tests: describing the machine loads cublasLt, which takes its time.
  static void SetUpTestSuite() {
    compiler_ = new FakeCompiler;
    BenchProfiler::Options options;
    options.watchdog = absl::Seconds(1);
    profiler_ = BenchProfiler::Create(options, *compiler_)->release();
  }
  static void TearDownTestSuite() {
    delete profiler_;
    delete compiler_;
  }

  static ProfileRequest Request(const std::vector<std::string>& behaviours) {
    ProfileRequest request;
    v1::GemmProblem& gemm = *request.problem.mutable_gemm();
    gemm.set_m(20);
    gemm.set_n(9);
    gemm.set_k(17);
    gemm.set_batch(2);
    gemm.set_a_type(v1::DATA_TYPE_BF16);
    gemm.set_b_type(v1::DATA_TYPE_BF16);
    gemm.set_d_type(v1::DATA_TYPE_BF16);
    gemm.set_accumulator_type(v1::DATA_TYPE_FP32);
    gemm.set_a_layout(v1::OPERAND_LAYOUT_NORMAL);
    gemm.set_b_layout(v1::OPERAND_LAYOUT_TRANSPOSED);
    gemm.set_lda(20);
    gemm.set_ldd(12);
    for (const std::string& behaviour : behaviours) {
      request.kernels.push_back(BehavingKernel(behaviour));
    }
    request.include_vendor = false;
    request.max_rounds = 4;
    return request;
  }

  v1::Candidate Outcome(const std::string& behaviour) {
    const auto report =
        profiler_->Profile(Request({"sound", behaviour, "sound"}), Cancellation(), nullptr);
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return v1::Candidate();
    EXPECT_TRUE(report->kernels[0].has_measurement()) << report->kernels[0].DebugString();
    EXPECT_TRUE(report->kernels[2].has_measurement()) << report->kernels[2].DebugString();
    return report->kernels[1];
  }

  void ExpectFailure(const std::string& behaviour, v1::FailureKind kind, const std::string& text) {
    const v1::Candidate candidate = Outcome(behaviour);
    EXPECT_EQ(candidate.failure().kind(), kind) << candidate.DebugString();
    EXPECT_THAT(candidate.failure().message(), HasSubstr(text));
  }

  static FakeCompiler* compiler_;
  static BenchProfiler* profiler_;
};

FakeCompiler* BenchWorkerTest::compiler_ = nullptr;
BenchProfiler* BenchWorkerTest::profiler_ = nullptr;

TEST_F(BenchWorkerTest, DescribesTheGpuCompletely) {
  const auto devices = profiler_->Devices();
  ASSERT_THAT(devices, SizeIs(1));
  EXPECT_EQ(devices[0].error(), "");
  EXPECT_EQ(devices[0].uuid(), "GPU-42424242-4242-4242-4242-424242424242");
  const v1::Silicon& silicon = devices[0].target().silicon();
  EXPECT_EQ(silicon.compute_capability(), 90);
  EXPECT_EQ(silicon.sm_count(), 4);
  EXPECT_EQ(silicon.memory_class(), "HBM3e");
  EXPECT_EQ(silicon.memory_bytes(), int64_t{1} << 30);
  EXPECT_EQ(silicon.l2_bytes(), 1 << 20);
  EXPECT_EQ(silicon.max_clock_mhz(), 1980);
  EXPECT_NEAR(silicon.dram_bytes_per_second(), 4.917e12, 1e9);
  EXPECT_EQ(devices[0].target().environment().driver_version(), 13000);
}

TEST_F(BenchWorkerTest, LibrariesAreCudaCublasLtAndNvml) {
  const auto libraries = profiler_->Libraries();
  ASSERT_THAT(libraries, SizeIs(3));
  EXPECT_EQ(libraries[0].library(), "cuda");
  EXPECT_TRUE(libraries[0].found());
  EXPECT_EQ(libraries[0].version(), "13.0");
  EXPECT_EQ(libraries[1].library(), "cublasLt");
  EXPECT_EQ(libraries[2].library(), "nvml");
}

TEST_F(BenchWorkerTest, ASoundKernelIsMeasuredAndItsErrorKnown) {
  const v1::Candidate candidate = Outcome("sound");
  ASSERT_TRUE(candidate.has_measurement()) << candidate.DebugString();
  EXPECT_EQ(candidate.measurement().seconds_size(), 4);
  EXPECT_NEAR(candidate.measurement().median_seconds(), 0.25e-3, 1e-9);
  // Rounding to bf16 alone: at most 2^-8 an element.
  EXPECT_GT(candidate.measurement().relative_error(), 0);
  EXPECT_LT(candidate.measurement().relative_error(), 1.0 / 256);
}

TEST_F(BenchWorkerTest, WrongElementIsFoundAndNamed) {
  ExpectFailure("wrong", v1::FAILURE_KIND_WRONG_RESULT, "row 19 column 8");
}

TEST_F(BenchWorkerTest, UnwrittenElementIsFound) {
  ExpectFailure("unwritten", v1::FAILURE_KIND_WRONG_RESULT, "2 elements of D were never written");
}

TEST_F(BenchWorkerTest, WriteToThePaddingIsOutOfBounds) {
  ExpectFailure("out_of_bounds", v1::FAILURE_KIND_OUT_OF_BOUNDS, "outside of D");
}

TEST_F(BenchWorkerTest, WriteToAWorkspaceThatWasNotAskedForIsOutOfBounds) {
  ExpectFailure("past_the_workspace", v1::FAILURE_KIND_OUT_OF_BOUNDS, "workspace");
}

TEST_F(BenchWorkerTest, WriteToAnInputIsOutOfBounds) {
  ExpectFailure("writes_input", v1::FAILURE_KIND_OUT_OF_BOUNDS, "input");
}

TEST_F(BenchWorkerTest, PaddingOfTheInputsIsNan) {
  ExpectFailure("reads_padding", v1::FAILURE_KIND_WRONG_RESULT, "off by more");
}

TEST_F(BenchWorkerTest, ABetaThatTheProblemDoesNotHaveIsNan) {
  ExpectFailure("reads_beta", v1::FAILURE_KIND_WRONG_RESULT, "off by more");
}

TEST_F(BenchWorkerTest, ASourceThatBetaLeavesOutIsNan) {
  ProfileRequest request = Request({"accumulates", "accumulates_whatever_beta_is"});
  v1::GemmProblem& gemm = *request.problem.mutable_gemm();
  gemm.set_ldc(11);
  gemm.mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  gemm.mutable_epilogue()->set_source_type(v1::DATA_TYPE_BF16);
  const auto report = profiler_->Profile(request, Cancellation(), nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->kernels[0].has_measurement()) << report->kernels[0].DebugString();
  EXPECT_EQ(report->kernels[1].failure().kind(), v1::FAILURE_KIND_WRONG_RESULT)
      << report->kernels[1].DebugString();
}

// Inputs cut to tf32 are right for a kernel that says so, and wrong for one that does not.
TEST_F(BenchWorkerTest, EachCandidateIsJudgedByItsOwnPrecision) {
  ProfileRequest request = Request({"fp32", "fp32_cut", "fp32_cut"});
  v1::GemmProblem& gemm = *request.problem.mutable_gemm();
  gemm.set_a_type(v1::DATA_TYPE_FP32);
  gemm.set_b_type(v1::DATA_TYPE_FP32);
  gemm.set_d_type(v1::DATA_TYPE_FP32);
  gemm.clear_accumulator_type();
  gemm.mutable_numerics()->set_error_budget(0.1);
  const v1::Variant in_fp32 = MakeVariant(GemmSimtConfig{64, 64, 8, 8, 8, 1, 1});
  *request.kernels[0].mutable_variant() = in_fp32;
  *request.kernels[1].mutable_variant() = in_fp32;
  *request.kernels[2].mutable_variant() = MakeVariant(GemmSm80Config{64, 64, 16, 2, 2, 3, 1, 1});
  const auto report = profiler_->Profile(request, Cancellation(), nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_LT(report->kernels[0].measurement().relative_error(), 1e-6);
  EXPECT_EQ(report->kernels[1].failure().kind(), v1::FAILURE_KIND_WRONG_RESULT);
  EXPECT_TRUE(report->kernels[2].has_measurement()) << report->kernels[2].DebugString();
  EXPECT_GT(report->kernels[2].relative_error(), 1e-4);
  // Right by its precision, and over a budget that the other keeps.
  gemm.mutable_numerics()->set_error_budget(1e-5);
  const auto tight = profiler_->Profile(request, Cancellation(), nullptr);
  ASSERT_TRUE(tight.ok()) << tight.status();
  EXPECT_TRUE(tight->kernels[0].has_measurement());
  EXPECT_EQ(tight->kernels[2].failure().kind(), v1::FAILURE_KIND_OVER_ERROR_BUDGET);
  EXPECT_GT(tight->kernels[2].checked_seconds(), 0);
}

TEST_F(BenchWorkerTest, RunsThatDifferAreFound) {
  ExpectFailure("nondeterministic", v1::FAILURE_KIND_NONDETERMINISTIC, "differ");
}

TEST_F(BenchWorkerTest, IllegalAccessEndsTheWorkerAndTheCandidate) {
  ExpectFailure("illegal", v1::FAILURE_KIND_LAUNCH_ERROR, "CUDA_ERROR_ILLEGAL_ADDRESS");
}

TEST_F(BenchWorkerTest, EndlessKernelIsKilled) {
  ExpectFailure("endless", v1::FAILURE_KIND_TIMEOUT, "no answer");
}

TEST_F(BenchWorkerTest, TooMuchSharedMemoryIsALaunchErrorThatHarmsNoOne) {
  ProfileRequest request = Request({"sound", "sound"});
  request.kernels[0].mutable_launch_plan()->mutable_steps(0)->set_dynamic_shared_memory_bytes(
      300000);
  const auto report = profiler_->Profile(request, Cancellation(), nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kernels[0].failure().kind(), v1::FAILURE_KIND_LAUNCH_ERROR);
  EXPECT_TRUE(report->kernels[1].has_measurement());
}

TEST_F(BenchWorkerTest, WorkspaceBeyondTheMemoryIsDeferred) {
  ProfileRequest request = Request({"sound", "sound"});
  request.problem.mutable_gemm()->set_m(256);
  v1::LaunchPlan& plan = *request.kernels[0].mutable_launch_plan();
  plan.mutable_steps(0)->set_split_k(65535);
  plan.mutable_workspace()->set_partial_copies(65535);
  plan.mutable_workspace()->set_element_bytes(4);
  const auto report = profiler_->Profile(request, Cancellation(), nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kernels[0].failure().kind(), v1::FAILURE_KIND_DEFERRED);
  EXPECT_TRUE(report->kernels[1].has_measurement()) << report->kernels[1].DebugString();
}

TEST_F(BenchWorkerTest, AProblemBeyondTheMemoryIsDeferredWithItsSize) {
  ProfileRequest request = Request({"sound"});
  request.problem.mutable_gemm()->set_m(100000000);
  const auto report = profiler_->Profile(request, Cancellation(), nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kernels[0].failure().kind(), v1::FAILURE_KIND_DEFERRED);
  EXPECT_THAT(report->kernels[0].failure().message(), HasSubstr("GiB of GPU memory"));
}

}  // namespace
}  // namespace tilewright

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--worker=bench") {
    return tilewright::RunBenchWorker(tilewright::WorkerProcess::kWorkerFd);
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
