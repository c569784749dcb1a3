// The profiler's supervision of workers, with workers that misbehave on purpose.
#include "tuner/measure/bench_profiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "proto/support/errors.h"
#include "tests/fakes/fake_compiler.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BenchProfilerTest : public ::testing::Test {
 protected:
  std::unique_ptr<BenchProfiler> MakeProfiler(const std::string& mode) {
    BenchProfiler::Options options;
    options.command.arguments = {"--worker=" + mode};
    options.watchdog = absl::Milliseconds(300);
    return *BenchProfiler::Create(options, compiler_);
  }

  static v1::Kernel Kernel(const std::string& behaviour, int64_t nanoseconds = 1000000) {
    v1::Kernel kernel;
    kernel.set_content_hash(behaviour);
    kernel.mutable_variant()->set_template_name(behaviour);
    v1::Parameter& parameter = *kernel.mutable_variant()->mutable_config()->add_parameters();
    parameter.set_name("nanoseconds");
    parameter.set_value(nanoseconds);
    return kernel;
  }

  static ProfileRequest Request(std::vector<v1::Kernel> kernels) {
    ProfileRequest request;
    v1::GemmProblem& gemm = *request.problem.mutable_gemm();
    gemm.set_m(64);
    gemm.set_n(64);
    gemm.set_k(64);
    gemm.set_batch(1);
    gemm.set_a_type(v1::DATA_TYPE_BF16);
    gemm.set_b_type(v1::DATA_TYPE_BF16);
    request.kernels = std::move(kernels);
    request.include_vendor = false;
    request.max_rounds = 5;
    return request;
  }

  absl::StatusOr<ProfileReport> Profile(const ProfileRequest& request,
                                        const std::string& mode = "sound") {
    return MakeProfiler(mode)->Profile(request, Cancellation(), nullptr);
  }

  // What comes of `behaviour` between two sound kernels, which must come through.
  v1::Failure FailureBetweenSoundOnes(const std::string& behaviour) {
    const auto report = Profile(Request({Kernel("ok"), Kernel(behaviour), Kernel("ok")}));
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return v1::Failure();
    EXPECT_THAT(report->kernels, SizeIs(3));
    EXPECT_EQ(report->kernels[0].measurement().seconds_size(), 5) << behaviour;
    EXPECT_EQ(report->kernels[2].measurement().seconds_size(), 5) << behaviour;
    EXPECT_EQ(report->kernels[1].content_hash(), behaviour);
    return report->kernels[1].failure();
  }

  FakeCompiler compiler_;
};

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
    // The baseline is never dropped, slow as it may be.
    EXPECT_EQ(report->vendors[rank].measurement().seconds_size(), 5);
    EXPECT_FALSE(report->vendors[rank].dropped_early());
  }
}

TEST_F(BenchProfilerTest, SlowKernelsLeaveEarlyAndKeepTheirSamples) {
  const auto report = Profile(Request({Kernel("ok"), Kernel("ok", 3000000)}));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_FALSE(report->kernels[0].dropped_early());
  EXPECT_TRUE(report->kernels[1].dropped_early());
  EXPECT_EQ(report->kernels[1].measurement().seconds_size(), 1);
}

TEST_F(BenchProfilerTest, WorkerThatDiesLoadingCostsOneCandidate) {
  const v1::Failure failure = FailureBetweenSoundOnes("load_crash");
  EXPECT_EQ(failure.kind(), v1::FAILURE_KIND_LAUNCH_ERROR);
  EXPECT_THAT(failure.message(), HasSubstr("SIGSEGV"));
}

TEST_F(BenchProfilerTest, WorkerThatDiesCheckingCostsOneCandidate) {
  EXPECT_EQ(FailureBetweenSoundOnes("check_crash").kind(), v1::FAILURE_KIND_LAUNCH_ERROR);
}

TEST_F(BenchProfilerTest, WorkerThatLosesItsContextIsStartedAnew) {
  const v1::Failure failure = FailureBetweenSoundOnes("context_lost");
  EXPECT_EQ(failure.kind(), v1::FAILURE_KIND_LAUNCH_ERROR);
  EXPECT_EQ(failure.message(), "illegal");
}

TEST_F(BenchProfilerTest, EndlessCheckIsATimeout) {
  EXPECT_EQ(FailureBetweenSoundOnes("check_hang").kind(), v1::FAILURE_KIND_TIMEOUT);
}

TEST_F(BenchProfilerTest, EndlessTimingIsATimeout) {
  EXPECT_EQ(FailureBetweenSoundOnes("time_hang").kind(), v1::FAILURE_KIND_TIMEOUT);
}

TEST_F(BenchProfilerTest, WorkerThatDiesTimingNamesTheOneThatRan) {
  EXPECT_EQ(FailureBetweenSoundOnes("time_crash").kind(), v1::FAILURE_KIND_LAUNCH_ERROR);
}

TEST_F(BenchProfilerTest, WrongResultsAreFailures) {
  EXPECT_EQ(FailureBetweenSoundOnes("wrong").kind(), v1::FAILURE_KIND_WRONG_RESULT);
}

TEST_F(BenchProfilerTest, WrongResultsAfterTimingAreFailuresToo) {
  EXPECT_EQ(FailureBetweenSoundOnes("wrong_later").kind(), v1::FAILURE_KIND_WRONG_RESULT);
}

TEST_F(BenchProfilerTest, NoMemoryForOneCandidateDefersIt) {
  EXPECT_EQ(FailureBetweenSoundOnes("no_memory").kind(), v1::FAILURE_KIND_DEFERRED);
}

TEST_F(BenchProfilerTest, SeveralCulpritsInARow) {
  const auto report = Profile(Request({Kernel("check_crash"), Kernel("load_crash"),
                                       Kernel("time_hang"), Kernel("ok"), Kernel("time_crash"),
                                       Kernel("context_lost"), Kernel("ok")}));
  ASSERT_TRUE(report.ok()) << report.status();
  for (const std::size_t sound : {3u, 6u}) {
    EXPECT_EQ(report->kernels[sound].measurement().seconds_size(), 5);
  }
  for (const std::size_t culprit : {0u, 1u, 2u, 4u, 5u}) {
    EXPECT_TRUE(report->kernels[culprit].has_failure()) << culprit;
  }
}

TEST_F(BenchProfilerTest, ErrorBudgetOfTheProblemIsHeld) {
  ProfileRequest request = Request({Kernel("inexact"), Kernel("ok")});
  request.problem.mutable_gemm()->mutable_numerics()->set_error_budget(0.05);
  const auto report = Profile(request);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kernels[0].failure().kind(), v1::FAILURE_KIND_WRONG_RESULT);
  EXPECT_THAT(report->kernels[0].failure().message(), HasSubstr("budget"));
  EXPECT_TRUE(report->kernels[1].has_measurement());
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
  const auto report = profiler->Profile(
      Request({Kernel("ok"), Kernel("ok")}), cancellation,
      [&](const v1::TuningProgress&) { cancellation.Cancel(); });
  EXPECT_EQ(report.status().code(), absl::StatusCode::kCancelled);
}

TEST_F(BenchProfilerTest, PassedDeadlineDefersWhatWasNotMeasured) {
  ProfileRequest request = Request({Kernel("ok"), Kernel("ok")});
  request.deadline = absl::Now() - absl::Seconds(1);
  const auto report = Profile(request);
  ASSERT_TRUE(report.ok()) << report.status();
  for (const v1::Candidate& candidate : report->kernels) {
    EXPECT_EQ(candidate.failure().kind(), v1::FAILURE_KIND_DEFERRED);
  }
}

TEST_F(BenchProfilerTest, ReferenceIsCompiledOnceForProblemsOfOneType) {
  const auto profiler = MakeProfiler("sound");
  ProfileRequest request = Request({Kernel("ok")});
  ASSERT_TRUE(profiler->Profile(request, Cancellation(), nullptr).ok());
  request.problem.mutable_gemm()->set_m(128);
  ASSERT_TRUE(profiler->Profile(request, Cancellation(), nullptr).ok());
  ASSERT_THAT(compiler_.jobs(), SizeIs(1));
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
