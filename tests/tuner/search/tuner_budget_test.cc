// Budgets of time and of error.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/tuner/search/tuner_fixture.h"

namespace tilewright {
namespace {

class TunerBudgetTest : public TunerTest {
 protected:
  TunerBudgetTest() {
    request_.options.mutable_budget()->set_seconds(10);
    // Variants that differ in run-time values alone share a compile: enough for several.
    request_.options.set_max_candidates(64);
    EachCompileTakes(absl::Seconds(2));
  }

  void EachCompileTakes(absl::Duration duration) {
    compiler_.SetBehaviour([this, duration](const CompileJob& job) -> CompileOutcome {
      clock_.Advance(duration);
      return FakeCompiler::CodeFor(job);
    });
  }
};

// Compiling used to take the whole budget, and nothing was measured.
TEST_F(TunerBudgetTest, CompilingLeavesTimeToMeasure) {
  const SteadyTime start = clock_.SteadyNow();
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->compiled, 3);  // Of 2 s each, until half of 10 s is over.
  EXPECT_GT(result->measured, 0);
  EXPECT_EQ(result->winner.winner.provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_EQ(profiler_.requests().back().deadline, start + absl::Seconds(10));
}

TEST_F(TunerBudgetTest, WhatWasNotCompiledIsTriedAgain) {
  ASSERT_TRUE(Tune().ok());
  request_.options.clear_budget();
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->measured, 64);
}

TEST_F(TunerBudgetTest, TheFirstKernelIsMeasuredEvenBeyondTheBudget) {
  EachCompileTakes(absl::Seconds(15));
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->compiled, 1);
}

TEST_F(TunerBudgetTest, APredictionMayCompileForTheWholeBudget) {
  request_.device_ordinal = -1;
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->compiled, 5);
  EXPECT_EQ(result->winner.winner.provenance(), v1::PROVENANCE_PREDICTED);
}

TEST_F(TunerBudgetTest, TooShortForAnythingIsSaidSo) {
  compiler_.SetBehaviour([this](const CompileJob&) -> CompileOutcome {
    clock_.Advance(absl::Seconds(21));
    return FakeCompiler::Failed(v1::FAILURE_KIND_TIMEOUT, "no end");
  });
  const auto result = Tune();
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(result.status()), "BUDGET_TOO_SHORT");
  EXPECT_THAT(std::string(result.status().message()), ::testing::HasSubstr("options.budget: 10s"));
}

TEST_F(TunerBudgetTest, TooShortForAnythingServesTheWinnerThereIs) {
  ASSERT_TRUE(Tune().ok());
  profiler_.SetBehaviour([this](const v1::Problem&, const v1::Kernel&) -> FakeProfiler::Result {
    clock_.Advance(absl::Seconds(10));
    return FakeCompiler::Failed(v1::FAILURE_KIND_DEFERRED, "the time ran out");
  });
  const auto again = Tune();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->winner.winner.provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_EQ(again->winner.winner.epoch(), 1);
}

TEST_F(TunerBudgetTest, CancellationWhileCompilingIsNoLackOfTime) {
  compiler_.SetBehaviour([this](const CompileJob& job) -> CompileOutcome {
    clock_.Advance(absl::Seconds(20));
    cancellation_.Cancel();
    return FakeCompiler::CodeFor(job);
  });
  EXPECT_EQ(Tune().status().code(), absl::StatusCode::kCancelled);
}

// A budget of 1e-12 used to be served by whatever the model ranked first.
TEST_F(TunerTest, APredictionDoesNotPromiseAnErrorBudgetItCannotProve) {
  request_.device_ordinal = -1;
  v1::NumericsPolicy& numerics = *request_.problem.mutable_gemm()->mutable_numerics();
  numerics.set_error_budget(1e-12);
  const auto result = Tune();
  EXPECT_EQ(result.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(result.status()), "ERROR_BUDGET_NOT_PROVEN");
  EXPECT_EQ(ErrorInfoOf(result.status())->metadata().at("field"), "gemm.numerics.error_budget");
  EXPECT_TRUE(compiler_.jobs().empty());

  numerics.set_error_budget(0.1);
  EXPECT_TRUE(Tune().ok());
}

TEST_F(TunerTest, AnErrorBudgetThatWasMeasuredIsServedWithoutADevice) {
  request_.problem.mutable_gemm()->mutable_numerics()->set_error_budget(1e-12);
  ASSERT_TRUE(Tune().ok());
  const auto predicted = tuner_.Predict(request_, cancellation_);
  ASSERT_TRUE(predicted.ok()) << predicted.status();
  EXPECT_EQ(predicted->winner.winner.provenance(), v1::PROVENANCE_MEASURED);
}

}  // namespace
}  // namespace tilewright
