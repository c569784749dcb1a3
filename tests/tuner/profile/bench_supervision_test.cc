// The profiler's supervision of workers, with workers that misbehave on purpose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "proto/support/errors.h"
#include "proto/support/steady_time.h"
#include "tests/tuner/profile/bench_profiler_fixture.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

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

// A GPU that hiccups must not put a sound kernel into quarantine.
TEST_F(BenchProfilerTest, AWorkerThatCrashesOnceCostsNoCandidate) {
  for (const std::string behaviour : {"check_crash_once", "time_crash_once"}) {
    ExpectNoCandidateIsLost(behaviour);
  }
}

// One that the kernel kills for memory, or that somebody stops, says nothing about a candidate.
TEST_F(BenchProfilerTest, AWorkerLostOnceCostsNoCandidate) {
  for (const std::string stage : {"load_", "check_", "time_"}) {
    for (const std::string how : {"killed", "terminated", "stopped", "cut_off"}) {
      ExpectNoCandidateIsLost(stage + how + "_once");
    }
  }
}

// The second loss used to be a verdict, for good and on every GPU of that kind.
TEST_F(BenchProfilerTest, WorkersLostTwiceDeferTheCandidate) {
  for (const std::string behaviour :
       {"load_killed", "check_killed", "check_terminated", "check_stopped", "check_cut_off",
        "time_killed", "time_stopped"}) {
    const auto report = Profile(Request({Kernel("ok"), Kernel(behaviour), Kernel("ok")}));
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->worker_lost);
    EXPECT_EQ(report->kernels[1].failure().kind(), v1::FAILURE_KIND_DEFERRED)
        << behaviour << ": " << report->kernels[1].DebugString();
    EXPECT_TRUE(report->kernels[0].has_measurement());
    EXPECT_TRUE(report->kernels[2].has_measurement());
  }
}

TEST_F(BenchProfilerTest, ACrashIsNoLoss) {
  EXPECT_FALSE(Profile(Request({Kernel("ok"), Kernel("check_crash")}))->worker_lost);
}

TEST_F(BenchProfilerTest, WorkersKilledAsTheyOpenTheProblemAreAnErrorOfTheirOwn) {
  EXPECT_EQ(ReasonOf(Profile(Request({Kernel("ok")}), "killed_opening").status()), "WORKER_LOST");
  EXPECT_EQ(ReasonOf(Profile(Request({Kernel("ok")}), "dies_opening").status()), "GPU_UNAVAILABLE");
}

TEST_F(BenchProfilerTest, ADriverThatHangsIsNoAnswer) {
  const auto profiler = MakeProfiler("driver_hangs");
  std::thread stopping([&] {
    absl::SleepFor(absl::Milliseconds(200));
    profiler->StopAsking();
  });
  const SteadyTime start = SteadyTime::Now();
  EXPECT_TRUE(profiler->Devices().empty());
  EXPECT_FALSE(profiler->KnowsDevices());
  EXPECT_LT(SteadyTime::Now() - start, absl::Seconds(10)) << "of a minute";
  stopping.join();
}

TEST_F(BenchProfilerTest, LibrariesThatHangHideNoDevices) {
  const auto profiler = MakeProfiler("libraries_hang");
  std::thread asking([&] { profiler->Libraries(); });
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_EQ(profiler->Devices().size(), 1u);
  EXPECT_TRUE(profiler->KnowsDevices());
  EXPECT_FALSE(profiler->KnowsLibraries());
  profiler->StopAsking();
  asking.join();
}

// What it wrote over may be the reference itself, by which the next ones are judged.
TEST_F(BenchProfilerTest, AnOutOfBoundsWriteCondemnsNoOtherCandidate) {
  EXPECT_EQ(FailureBetweenSoundOnes("out_of_bounds").kind(), v1::FAILURE_KIND_OUT_OF_BOUNDS);
}

TEST_F(BenchProfilerTest, SeveralCulpritsInARow) {
  const auto report =
      Profile(Request({Kernel("check_crash"), Kernel("load_crash"), Kernel("time_hang"),
                       Kernel("ok"), Kernel("time_crash"), Kernel("context_lost"), Kernel("ok")}));
  ASSERT_TRUE(report.ok()) << report.status();
  for (const std::size_t sound : {3u, 6u}) {
    EXPECT_EQ(report->kernels[sound].measurement().seconds_size(), 5);
  }
  for (const std::size_t culprit : {0u, 1u, 2u, 4u, 5u}) {
    EXPECT_TRUE(report->kernels[culprit].has_failure()) << culprit;
  }
}

}  // namespace
}  // namespace tilewright
