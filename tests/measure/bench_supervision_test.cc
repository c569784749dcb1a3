// The profiler's supervision of workers, with workers that misbehave on purpose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/measure/bench_profiler_fixture.h"

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

// A worker that the kernel kills for memory, or a GPU that hiccups, must not put a sound kernel
// into quarantine.
TEST_F(BenchProfilerTest, AWorkerKilledOnceCostsNoCandidate) {
  for (const std::string behaviour : {"killed_once", "time_killed_once"}) {
    v1::Kernel unlucky = Kernel(behaviour);
    unlucky.set_content_hash(::testing::TempDir() + behaviour + std::to_string(getpid()));
    const auto report = Profile(Request({Kernel("ok"), unlucky, Kernel("ok")}));
    unlink(unlucky.content_hash().c_str());
    ASSERT_TRUE(report.ok()) << report.status();
    for (const v1::Candidate& candidate : report->kernels) {
      EXPECT_EQ(candidate.measurement().seconds_size(), 5)
          << behaviour << ": " << candidate.DebugString();
    }
  }
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
