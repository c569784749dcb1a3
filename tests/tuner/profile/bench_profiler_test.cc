// The profiler over workers without a GPU: what is measured, deferred and reported.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "absl/time/clock.h"
#include "proto/support/errors.h"
#include "tests/tuner/profile/bench_profiler_fixture.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(BenchProfilerTest, MeasuresSoundKernels) {
  const auto report = Profile(Request({Kernel("ok", 2000000), Kernel("ok", 2010000)}));
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_THAT(report->kernels, SizeIs(2));
  EXPECT_THAT(report->vendors, IsEmpty());
  const v1::Measurement& measurement = report->kernels[0].measurement();
  EXPECT_EQ(measurement.seconds_size(), 5);
  EXPECT_DOUBLE_EQ(measurement.median_seconds(), 2e-3);
  EXPECT_DOUBLE_EQ(measurement.spread_seconds(), 0);
  EXPECT_EQ(measurement.sm_clock_mhz(), 1500);
  EXPECT_EQ(measurement.power_watts(), 600);
  EXPECT_EQ(measurement.throttle_reasons(), 4u);
  EXPECT_DOUBLE_EQ(measurement.relative_error(), 0.001);
  EXPECT_EQ(report->kernels[0].variant().template_name(), "ok");
}

TEST_F(BenchProfilerTest, VendorAlgorithmsRaceBesideTheKernels) {
  ProfileRequest request = Request({Kernel("ok")});
  request.include_vendor = true;
  const auto report = Profile(request);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_THAT(report->vendors, SizeIs(3));
  for (int rank = 0; rank < 3; ++rank) {
    EXPECT_EQ(report->vendors[rank].vendor().heuristic_rank(), rank);
    // One a millisecond slower than the one before.
    EXPECT_EQ(report->vendors[rank].dropped_early(), rank > 0);
    EXPECT_EQ(report->vendors[rank].measurement().seconds_size(), rank > 0 ? 1 : 5);
  }
}

TEST_F(BenchProfilerTest, TheVendorsFirstChoiceStaysSlowAsItMayBe) {
  ProfileRequest request = Request({Kernel("ok")});
  request.include_vendor = true;
  const auto report = Profile(request, "vendors_slowest_first");
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_THAT(report->vendors, SizeIs(3));
  EXPECT_FALSE(report->vendors[0].dropped_early());
  EXPECT_TRUE(report->vendors[1].dropped_early());
  EXPECT_FALSE(report->vendors[2].dropped_early());
}

TEST_F(BenchProfilerTest, SlowKernelsLeaveEarlyAndKeepTheirSamples) {
  const auto report = Profile(Request({Kernel("ok"), Kernel("ok", 3000000)}));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_FALSE(report->kernels[0].dropped_early());
  EXPECT_TRUE(report->kernels[1].dropped_early());
  EXPECT_EQ(report->kernels[1].measurement().seconds_size(), 1);
}

TEST_F(BenchProfilerTest, AVendorLibraryThatFailsIsRecorded) {
  ProfileRequest request = Request({Kernel("ok")});
  request.include_vendor = true;
  const auto report = Profile(request, "vendors_fail");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->kernels[0].has_measurement());
  ASSERT_THAT(report->vendors, SizeIs(1));
  EXPECT_EQ(report->vendors[0].failure().kind(), v1::FAILURE_KIND_LAUNCH_ERROR);
  EXPECT_EQ(report->vendors[0].failure().message(), "cublasLt cannot be initialized");
}

TEST_F(BenchProfilerTest, TheVendorIsMeasuredWithoutAnyKernel) {
  ProfileRequest request = Request({});
  request.include_vendor = true;
  const auto report = Profile(request);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_THAT(report->vendors, SizeIs(3));
  EXPECT_TRUE(report->vendors[0].has_measurement());
}

TEST_F(BenchProfilerTest, ErrorBudgetOfTheProblemIsHeld) {
  ProfileRequest request = Request({Kernel("inexact"), Kernel("ok")});
  request.problem.mutable_gemm()->mutable_numerics()->set_error_budget(0.05);
  const auto report = Profile(request);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kernels[0].failure().kind(), v1::FAILURE_KIND_OVER_ERROR_BUDGET);
  EXPECT_THAT(report->kernels[0].failure().message(), HasSubstr("budget"));
  // What it costs is known all the same.
  EXPECT_EQ(report->kernels[0].relative_error(), 0.1);
  EXPECT_GT(report->kernels[0].checked_seconds(), 0);
  EXPECT_TRUE(report->kernels[1].has_measurement());
}

TEST_F(BenchProfilerTest, WhatIsWrongOnAdversarialInputDoesNotWin) {
  const auto report = Profile(Request({Kernel("wrong_on_hard_input", 1000000), Kernel("ok")}));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kernels[0].failure().kind(), v1::FAILURE_KIND_WRONG_RESULT);
  EXPECT_EQ(report->kernels[1].measurement().seconds_size(), 5);
}

// Losers are not checked on every input; they are, and race again, where no finalist is sound.
TEST_F(BenchProfilerTest, LosersComeBackWhereNoFinalistIsSound) {
  std::vector<v1::Kernel> kernels(8, Kernel("wrong_on_hard_input", 1000000));
  kernels.push_back(Kernel("ok", 1300000));
  kernels.push_back(Kernel("ok", 9000000));  // Leaves after the first round.
  const auto report = Profile(Request(std::move(kernels)));
  ASSERT_TRUE(report.ok()) << report.status();
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(report->kernels[i].has_failure()) << i;
  for (int i = 8; i < 10; ++i) {
    EXPECT_FALSE(report->kernels[i].dropped_early()) << i;
    EXPECT_EQ(report->kernels[i].measurement().seconds_size(), 5) << i;
  }
}

// With one round there is no race to leave.
TEST_F(BenchProfilerTest, OneRoundChecksEveryoneOnEveryInput) {
  ProfileRequest request =
      Request({Kernel("ok", 1000000), Kernel("wrong_on_hard_input", 90000000)});
  request.max_rounds = 1;
  const auto report = Profile(request);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kernels[1].failure().kind(), v1::FAILURE_KIND_WRONG_RESULT);
}

TEST_F(BenchProfilerTest, NoMemoryForTheProblemDefersEveryCandidate) {
  const auto report = Profile(Request({Kernel("ok"), Kernel("ok")}), "out_of_memory");
  ASSERT_TRUE(report.ok()) << report.status();
  for (const v1::Candidate& candidate : report->kernels) {
    EXPECT_EQ(candidate.failure().kind(), v1::FAILURE_KIND_DEFERRED);
    EXPECT_EQ(candidate.failure().message(), "no memory for it");
  }
}

TEST_F(BenchProfilerTest, AGpuThatCannotBeOpenedIsUnavailable) {
  const auto report = Profile(Request({Kernel("ok")}), "dies_opening");
  EXPECT_EQ(report.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(report.status()), "GPU_UNAVAILABLE");
}

TEST_F(BenchProfilerTest, NoGpuIsUnavailableAndHasNoDevices) {
  const auto profiler = MakeProfiler("no_gpu");
  EXPECT_THAT(profiler->Devices(), IsEmpty());
  EXPECT_THAT(profiler->Libraries(), SizeIs(1));
  const auto report = profiler->Profile(Request({Kernel("ok")}), Cancellation(), nullptr);
  EXPECT_EQ(report.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(BenchProfilerTest, DisturbedRoundsAreRunAgain) {
  const auto report = Profile(Request({Kernel("ok")}), "busy");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kernels[0].measurement().seconds_size(), 5);
}

TEST_F(BenchProfilerTest, AGpuThatNeverSettlesStillGivesAnAnswer) {
  const auto report = Profile(Request({Kernel("ok")}), "disturbed");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kernels[0].measurement().seconds_size(), 5);
}

TEST_F(BenchProfilerTest, CancellationEndsIt) {
  Cancellation cancellation;
  const auto profiler = MakeProfiler("sound");
  const auto report = profiler->Profile(Request({Kernel("ok"), Kernel("ok")}), cancellation,
                                        [&](const v1::TuningProgress&) { cancellation.Cancel(); });
  EXPECT_EQ(report.status().code(), absl::StatusCode::kCancelled);
}

TEST_F(BenchProfilerTest, PassedDeadlineLeavesTheFirstSoundKernelAndOneVendorMeasured) {
  ProfileRequest request = Request({Kernel("wrong"), Kernel("ok"), Kernel("ok")});
  request.include_vendor = true;
  request.deadline = SteadyTime::Now() - absl::Seconds(1);
  const auto report = Profile(request);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kernels[0].failure().kind(), v1::FAILURE_KIND_WRONG_RESULT);
  EXPECT_TRUE(report->kernels[1].has_measurement()) << report->kernels[1].DebugString();
  EXPECT_EQ(report->kernels[2].failure().kind(), v1::FAILURE_KIND_DEFERRED);
  EXPECT_TRUE(report->vendors[0].has_measurement()) << report->vendors[0].DebugString();
  EXPECT_EQ(report->vendors[1].failure().kind(), v1::FAILURE_KIND_DEFERRED);
}

TEST_F(BenchProfilerTest, ReferenceIsCompiledOnceForProblemsOfOneType) {
  const auto profiler = MakeProfiler("sound");
  ProfileRequest request = Request({Kernel("ok")});
  ASSERT_TRUE(profiler->Profile(request, Cancellation(), nullptr).ok());
  request.problem.mutable_gemm()->set_m(128);
  ASSERT_TRUE(profiler->Profile(request, Cancellation(), nullptr).ok());
  ASSERT_THAT(compiler_.jobs(), SizeIs(3));
  EXPECT_EQ(compiler_.jobs()[0].architecture, "sm_90a");
  EXPECT_THAT(compiler_.jobs()[0].source, HasSubstr("reference/gemm_reference.cuh"));
}

TEST_F(BenchProfilerTest, AReferenceThatDoesNotCompileIsAnError) {
  compiler_.SetBehaviour([](const CompileJob&) {
    return CompileOutcome(FakeCompiler::Failed(v1::FAILURE_KIND_COMPILE_ERROR, "line 7"));
  });
  const auto report = Profile(Request({Kernel("ok")}));
  EXPECT_EQ(ReasonOf(report.status()), "REFERENCE_NOT_COMPILED");
}

TEST_F(BenchProfilerTest, ProgressCountsBothPhases) {
  std::vector<v1::TuningProgress> seen;
  const auto profiler = MakeProfiler("sound");
  ASSERT_TRUE(profiler
                  ->Profile(Request({Kernel("ok"), Kernel("wrong")}), Cancellation(),
                            [&](const v1::TuningProgress& progress) { seen.push_back(progress); })
                  .ok());
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.front().phase(), v1::TUNING_PHASE_CHECKING);
  EXPECT_EQ(seen.back().phase(), v1::TUNING_PHASE_TIMING);
  EXPECT_EQ(seen.back().done(), seen.back().total());
  EXPECT_EQ(seen.back().failed(), 1);
  EXPECT_DOUBLE_EQ(seen.back().best_seconds(), 1e-3);
}

}  // namespace
}  // namespace tilewright
