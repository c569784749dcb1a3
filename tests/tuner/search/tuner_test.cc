#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "proto/support/sha256.h"
#include "tests/tuner/search/tuner_fixture.h"
#include "tuner/search/verdicts.h"
#include "tuner/target/target.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

TEST_F(TunerTest, TheFastestMeasuredKernelWinsAndIsStoredAndServed) {
  int calls = 0;
  profiler_.SetBehaviour([&](const v1::Problem&, const v1::Kernel&) -> FakeProfiler::Result {
    return ++calls == 5 ? 0.5e-3 : 1e-3;
  });
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  const v1::Winner& winner = result->winner.winner;
  EXPECT_EQ(winner.provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_DOUBLE_EQ(winner.candidate().measurement().median_seconds(), 0.5e-3);
  EXPECT_NEAR(winner.margin(), 1.0, 1e-9);
  EXPECT_GT(winner.roofline_seconds(), 0);
  EXPECT_EQ(result->measured, 12);

  IndexQuery query{request_.problem, request_.target.silicon(), request_.target.environment()};
  const IndexHit hit = index_.Find(query);
  ASSERT_NE(hit.winner, nullptr);
  EXPECT_EQ(hit.match, v1::MATCH_EXACT);
  const auto kernel = tuner_.LoadKernel(*hit.winner);
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  EXPECT_EQ(Sha256(kernel->cubin()), kernel->content_hash());
  EXPECT_GT(kernel->launch_plan().steps_size(), 0);
}

TEST_F(TunerTest, EverySampleIsKeptInTheRecord) {
  ASSERT_TRUE(Tune().ok());
  const auto record =
      store_.GetTuning(EncodeProblem(request_.problem), SiliconKey(request_.target.silicon()),
                       EnvironmentKey(request_.target.environment()));
  ASSERT_TRUE(record.ok()) << record.status();
  ASSERT_EQ(record->candidates.size(), 12u);
  for (const v1::Candidate& candidate : record->candidates) {
    EXPECT_GT(candidate.measurement().seconds_size(), 0);
    EXPECT_GT(candidate.predicted_seconds(), 0);
  }
  EXPECT_EQ(record->winner.winner.candidate().measurement().seconds_size(), 0);
}

TEST_F(TunerTest, AFasterVendorAlgorithmWinsAsVendor) {
  profiler_.SetVendorSeconds({0.9e-3, 0.4e-3});
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  const v1::Winner& winner = result->winner.winner;
  EXPECT_EQ(winner.provenance(), v1::PROVENANCE_VENDOR);
  EXPECT_EQ(winner.candidate().vendor().heuristic_rank(), 1);
  EXPECT_DOUBLE_EQ(winner.vendor_first_seconds(), 0.9e-3);
  EXPECT_DOUBLE_EQ(winner.vendor_best_seconds(), 0.4e-3);
}

TEST_F(TunerTest, WithoutADeviceTheAnswerIsPredictedAndNothingIsProfiled) {
  request_.device_ordinal = -1;
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->winner.winner.provenance(), v1::PROVENANCE_PREDICTED);
  EXPECT_FALSE(result->winner.winner.candidate().has_measurement());
  EXPECT_GT(result->winner.winner.candidate().predicted_seconds(), 0);
  EXPECT_TRUE(profiler_.requests().empty());
}

TEST_F(TunerTest, APredictionNeverReplacesAMeasurement) {
  ASSERT_TRUE(Tune().ok());
  const auto predicted = tuner_.Predict(request_, cancellation_);
  ASSERT_TRUE(predicted.ok()) << predicted.status();
  EXPECT_EQ(predicted->winner.winner.provenance(), v1::PROVENANCE_MEASURED);
  const IndexHit hit =
      index_.Find({request_.problem, request_.target.silicon(), request_.target.environment()});
  EXPECT_EQ(hit.winner->winner.provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_EQ(hit.match, v1::MATCH_EXACT);
}

TEST_F(TunerTest, ASecondTuningCompilesNothingAgain) {
  ASSERT_TRUE(Tune().ok());
  const std::size_t compiled = compiler_.jobs().size();
  EXPECT_GT(compiled, 0u);
  const auto again = Tune();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(compiler_.jobs().size(), compiled);
  EXPECT_EQ(again->compiled, 0);
}

TEST_F(TunerTest, AnExhaustiveTuningTakesEveryLegalConfig) {
  v1::GemmProblem& gemm = *request_.problem.mutable_gemm();
  gemm.set_m(64);
  gemm.set_n(64);
  request_.options.clear_max_candidates();
  request_.options.set_exhaustive(true);
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GT(result->legal_configs, 100);
  EXPECT_EQ(result->measured, result->legal_configs);
}

TEST_F(TunerTest, VariantsOfOneSourceShareACompile) {
  request_.options.set_max_candidates(64);
  ASSERT_TRUE(Tune().ok());
  std::map<std::string, int> times;
  for (const CompileJob& job : compiler_.jobs()) EXPECT_EQ(++times[job.source], 1);
}

TEST_F(TunerTest, AFailedCandidateLosesAndIsNotRunAgain) {
  profiler_.SetBehaviour([](const v1::Problem&, const v1::Kernel&) -> FakeProfiler::Result {
    return FakeCompiler::Failed(v1::FAILURE_KIND_WRONG_RESULT, "off by one");
  });
  const auto result = Tune();
  EXPECT_EQ(result.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(result.status()), "NO_CANDIDATE");
  EXPECT_THAT(std::string(result.status().message()), ::testing::HasSubstr("off by one"));

  EXPECT_FALSE(Tune().ok());
  EXPECT_TRUE(profiler_.requests().back().kernels.empty()) << "quarantined kernels ran again";
}

// One shape may be beyond what a kernel gets right; others may have it all the same.
TEST_F(TunerTest, AKernelThatIsWrongAtOneShapeServesOthers) {
  const std::string problem = EncodeProblem(request_.problem);
  profiler_.SetBehaviour([&](const v1::Problem& at, const v1::Kernel&) -> FakeProfiler::Result {
    if (EncodeProblem(at) != problem) return 1e-3;
    return FakeCompiler::Failed(v1::FAILURE_KIND_WRONG_RESULT, "off by one");
  });
  EXPECT_FALSE(Tune().ok());
  ASSERT_EQ(profiler_.requests().size(), 2u) << "the second shape";
  EXPECT_EQ(profiler_.requests().back().problem.gemm().m(), 512);
  const std::string silicon = SiliconKey(request_.target.silicon());
  const std::string hash = profiler_.requests().back().kernels.front().content_hash();
  EXPECT_TRUE(store_.FindQuarantined(hash, silicon, ProblemKey(request_.problem))->has_value());
  EXPECT_FALSE(store_.FindQuarantined(hash, silicon, "another problem")->has_value());
  request_.problem = *SecondShape(request_.problem);
  EXPECT_TRUE(Tune().ok());
}

TEST_F(TunerTest, AKernelThatIsWrongAtASecondShapeTooRunsNowhere) {
  profiler_.SetBehaviour([](const v1::Problem&, const v1::Kernel&) -> FakeProfiler::Result {
    return FakeCompiler::Failed(v1::FAILURE_KIND_WRONG_RESULT, "off by one");
  });
  EXPECT_FALSE(Tune().ok());
  const std::string hash = profiler_.requests().back().kernels.front().content_hash();
  EXPECT_TRUE(
      store_.FindQuarantined(hash, SiliconKey(request_.target.silicon()), "another problem")
          ->has_value());
}

TEST(SecondShapeTest, IsTheSameComputation) {
  v1::Problem problem;
  problem.mutable_gemm()->set_m(5003);
  problem.mutable_gemm()->set_n(8);
  problem.mutable_gemm()->set_k(65536);
  problem.mutable_gemm()->set_batch(3);
  const v1::Problem canonical = *Canonicalize(problem);
  const auto second = SecondShape(canonical);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(ShapelessKey(*second), ShapelessKey(canonical));
  EXPECT_EQ(second->gemm().batch(), 1);
  EXPECT_FALSE(SecondShape(*second).has_value()) << "it has that shape";
}

// Variants that differ in run-time values alone are one kernel: the sound ones used to win, and
// were then never served, for their kernel was in quarantine.
TEST_F(TunerTest, AFailureIsHeldAgainstAllThatShareTheKernel) {
  request_.options.set_max_candidates(64);
  std::string failed;
  profiler_.SetBehaviour([&](const v1::Problem&, const v1::Kernel& kernel) -> FakeProfiler::Result {
    if (failed.empty()) {
      failed = kernel.content_hash();
      return FakeCompiler::Failed(v1::FAILURE_KIND_TIMEOUT, "endless");
    }
    return kernel.content_hash() == failed ? 1e-4 : 1e-3;
  });
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_NE(result->winner.kernel.content_hash(), failed);
}

// Too inexact for one problem is no verdict for others: it used to put the kernel in quarantine.
TEST_F(TunerTest, WhatExceedsAnErrorBudgetIsNotQuarantined) {
  request_.problem.mutable_gemm()->mutable_numerics()->set_error_budget(1e-3);
  profiler_.SetBehaviour([](const v1::Problem&, const v1::Kernel&) -> FakeProfiler::Result {
    return FakeCompiler::Failed(v1::FAILURE_KIND_OVER_ERROR_BUDGET, "relative error 0.002");
  });
  EXPECT_FALSE(Tune().ok());
  request_.problem.mutable_gemm()->clear_numerics();
  profiler_.SetBehaviour(nullptr);
  EXPECT_TRUE(Tune().ok());
}

TEST_F(TunerTest, ADeferredCandidateIsTriedAgain) {
  profiler_.SetBehaviour([](const v1::Problem&, const v1::Kernel&) -> FakeProfiler::Result {
    return FakeCompiler::Failed(v1::FAILURE_KIND_DEFERRED, "out of memory");
  });
  EXPECT_FALSE(Tune().ok());
  profiler_.SetBehaviour(nullptr);
  EXPECT_TRUE(Tune().ok());
}

TEST_F(TunerTest, ACompileErrorCostsOneSource) {
  int calls = 0;
  compiler_.SetBehaviour([&](const CompileJob& job) -> CompileOutcome {
    if (++calls == 1) {
      return FakeCompiler::Failed(v1::FAILURE_KIND_COMPILE_ERROR, "expected a ';'");
    }
    return FakeCompiler::CodeFor(job);
  });
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_LT(result->measured, 12);
  EXPECT_GT(result->measured, 0);
}

TEST_F(TunerTest, ASpillingKernelIsNotMeasured) {
  compiler_.SetBehaviour([](const CompileJob& job) -> CompileOutcome {
    CompiledCode code = FakeCompiler::CodeFor(job);
    code.entries[0].spill_bytes = 4096;
    return code;
  });
  const auto result = Tune();
  EXPECT_EQ(ReasonOf(result.status()), "NO_CANDIDATE");
  for (const ProfileRequest& request : profiler_.requests()) {
    EXPECT_TRUE(request.kernels.empty());
  }
}

// The service is never slower than the library, not even where it has nothing else.
TEST_F(TunerTest, TheVendorServesWhatEveryTemplateFailedAt) {
  compiler_.SetBehaviour([](const CompileJob&) -> CompileOutcome {
    return FakeCompiler::Failed(v1::FAILURE_KIND_COMPILE_ERROR, "expected a ';'");
  });
  profiler_.SetVendorSeconds({0.9e-3});
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->winner.winner.provenance(), v1::PROVENANCE_VENDOR);

  request_.options.set_skip_vendor(true);
  EXPECT_EQ(ReasonOf(Tune().status()), "NO_CANDIDATE");
}

TEST_F(TunerTest, TheVendorServesWhatNoTemplateSupports) {
  request_.problem.mutable_gemm()->set_a_type(v1::DATA_TYPE_E4M3);
  request_.problem.mutable_gemm()->set_b_type(v1::DATA_TYPE_E4M3);
  request_.problem.mutable_gemm()->set_b_layout(v1::OPERAND_LAYOUT_NORMAL);
  ASSERT_TRUE(RankVariants(request_.problem, request_.target.silicon()).empty());
  EXPECT_EQ(ReasonOf(Tune().status()), "NOT_IMPLEMENTED");
  profiler_.SetVendorSeconds({0.9e-3});
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->winner.winner.provenance(), v1::PROVENANCE_VENDOR);
}

TEST_F(TunerTest, MissingNvrtcIsUnavailable) {
  compiler_.SetNvrtcMissing(true);
  EXPECT_EQ(ReasonOf(Tune().status()), "NVRTC_NOT_FOUND");
}

TEST_F(TunerTest, CancellationEndsTheTuning) {
  cancellation_.Cancel();
  EXPECT_EQ(Tune().status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(index_.size(), 0u);
}

TEST_F(TunerTest, ProgressNeverGoesBackAndReachesTheEnd) {
  ASSERT_TRUE(Tune().ok());
  double last = 0;
  for (const v1::TuningProgress& step : progress_) {
    EXPECT_GE(step.fraction(), last);
    last = step.fraction();
  }
  EXPECT_DOUBLE_EQ(last, 1.0);
}

// A prune between the compile and the end of the tuning takes kernels that nothing names yet.
class PrunedStore final : public MemoryStore {
 public:
  absl::Status PutCompiled(const std::string&, const CompiledCode&) override {
    return absl::OkStatus();
  }
};

TEST_F(TunerTest, AKernelThatWasPrunedMeanwhileIsStoredWithItsWinner) {
  PrunedStore store;
  Tuner tuner(compiler_, profiler_, store, index_, clock_);
  const auto result = tuner.Tune(request_, cancellation_, [](const v1::TuningProgress&) {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GT(result->winner.winner.epoch(), 0);
  EXPECT_EQ(tuner.unstored(), 0u);
  EXPECT_TRUE(store.GetCubin(result->winner.kernel.content_hash()).ok());
}

}  // namespace
}  // namespace tilewright
