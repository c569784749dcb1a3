// What a tuning makes of candidates whose workers were lost.
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/tuner/search/tuner_fixture.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

class LostWorkersTest : public TunerTest {
 protected:
  // The compiles of the first `count` sources are lost from now on.
  void LoseCompiles(int count) {
    compiler_.SetBehaviour(
        [count, seen = std::make_shared<int>(0)](const CompileJob& job) -> CompileOutcome {
          if ((*seen)++ < count)
            return FakeCompiler::Failed(v1::FAILURE_KIND_DEFERRED, "lost: SIGKILL");
          return FakeCompiler::CodeFor(job);
        });
  }
};

TEST_F(LostWorkersTest, TheBestOfTheOthersIsServedAndTheTuningSaysThatItIsIncomplete) {
  LoseCompiles(1);
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->worker_lost);
  EXPECT_EQ(result->winner.winner.provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_THAT(result->winner.winner.reason(), HasSubstr("could not be tried"));
  for (const v1::Candidate& candidate : Candidates()) {
    if (!candidate.has_failure()) continue;
    EXPECT_EQ(candidate.failure().kind(), v1::FAILURE_KIND_DEFERRED);
  }
}

TEST_F(LostWorkersTest, WhatWasLostIsTriedInTheNextTuning) {
  LoseCompiles(1);
  ASSERT_TRUE(Tune().ok());
  LoseCompiles(0);
  const auto again = Tune();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->worker_lost);
  EXPECT_EQ(again->measured, 12);
}

TEST_F(LostWorkersTest, WithNothingMeasuredItIsAnErrorThatSaysWhy) {
  LoseCompiles(1000);
  const auto result = Tune();
  EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(result.status()), "WORKER_LOST");
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("lost: SIGKILL"));
  EXPECT_TRUE(WorkerWasLost(result));
}

TEST_F(LostWorkersTest, WithNothingMeasuredTheWinnerThereIsStays) {
  ASSERT_TRUE(Tune().ok());
  profiler_.SetBehaviour([](const v1::Problem&, const v1::Kernel&) -> FakeProfiler::Result {
    return FakeCompiler::Failed(v1::FAILURE_KIND_DEFERRED, "lost: SIGKILL");
  });
  profiler_.SetWorkerLost(true);
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->worker_lost);
  EXPECT_EQ(result->winner.winner.provenance(), v1::PROVENANCE_MEASURED);
}

TEST_F(LostWorkersTest, APredictionTellsToo) {
  LoseCompiles(1);
  const auto predicted = tuner_.Predict(request_, cancellation_);
  ASSERT_TRUE(predicted.ok()) << predicted.status();
  EXPECT_TRUE(predicted->worker_lost);
}

// A budget of 10 s used to be over, or never to end, when somebody set the clock.
TEST_F(LostWorkersTest, AStepOfTheWallClockIsNoTimeThatPassed) {
  request_.options.mutable_budget()->set_seconds(10);
  for (const absl::Duration step : {absl::Hours(2), -absl::Hours(2)}) {
    compiler_.SetBehaviour([this, step](const CompileJob& job) -> CompileOutcome {
      clock_.StepWallClock(step);
      return FakeCompiler::CodeFor(job);
    });
    const auto result = Tune();
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->measured, 12);
    EXPECT_EQ(result->measure_seconds, 0);
    EXPECT_EQ(result->compile_seconds, 0);
    request_.problem.mutable_gemm()->set_m(8192);  // Another source's cache.
    request_.problem = *Canonicalize(request_.problem);
  }
}

}  // namespace
}  // namespace tilewright
