#include "tuner/bench/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace tilewright {
namespace {

using ::testing::HasSubstr;

v1::GemmProblem Problem() {
  v1::GemmProblem problem;
  problem.set_m(100);
  problem.set_n(50);
  problem.set_k(10);
  problem.set_batch(2);
  problem.set_a_type(v1::DATA_TYPE_BF16);
  problem.set_b_type(v1::DATA_TYPE_BF16);
  problem.set_d_type(v1::DATA_TYPE_BF16);
  problem.set_accumulator_type(v1::DATA_TYPE_FP32);
  problem.mutable_numerics()->set_determinism(v1::DETERMINISM_MODE_REQUIRED);
  return problem;
}

CheckFindings Sound() {
  CheckFindings findings;
  findings.rows = {0, 17, 130};
  return findings;
}

void ExpectFailure(const v1::GemmProblem& problem, const CheckFindings& findings,
                   v1::FailureKind kind, const std::string& text) {
  const auto failure = JudgeCheck(problem, findings);
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->kind(), kind) << failure->message();
  EXPECT_THAT(failure->message(), HasSubstr(text));
}

TEST(JudgeTest, SoundResultsPass) { EXPECT_FALSE(JudgeCheck(Problem(), Sound()).has_value()); }

TEST(JudgeTest, WritesOutsideOfAnyRegion) {
  CheckFindings findings = Sound();
  findings.d.touched_outside = 1;
  findings.d.wrong = 5;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_OUT_OF_BOUNDS, "outside of D");
  findings = Sound();
  findings.workspace.touched_outside = 1;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_OUT_OF_BOUNDS, "workspace");
  findings = Sound();
  findings.inputs_changed = true;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_OUT_OF_BOUNDS, "input");
}

TEST(JudgeTest, MasksAndGradientsOfTheBiasAreOutputsToo) {
  CheckFindings findings = Sound();
  findings.mask.touched_outside = 1;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_OUT_OF_BOUNDS, "outside of the mask");
  findings = Sound();
  findings.bias_gradient.touched_outside = 1;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_OUT_OF_BOUNDS,
                "outside of the bias gradient");
  findings = Sound();
  findings.bias_gradient.poisoned = 1;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_WRONG_RESULT, "never written");
  findings = Sound();
  findings.repeated = true;
  findings.bias_gradient.differing = 1;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_NONDETERMINISTIC, "differ");
  findings = Sound();
  findings.bias_gradient.wrong = 2;
  findings.bias_gradient.first_wrong = ~7ull;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_WRONG_RESULT, "the first at column 7");
}

// 50 columns are rows of 8 bytes.
TEST(JudgeTest, WrongBytesOfAMaskAreNamedByTheirPlace) {
  CheckFindings findings = Sound();
  findings.mask.wrong = 1;
  findings.mask.first_wrong = ~((100ull + 30) * 8 + 2);
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_WRONG_RESULT,
                "1 bytes of the mask are wrong, the first at batch 1 row 30 column 16");
}

TEST(JudgeTest, WhatDropoutScalesBeyondFp16MayBeInf) {
  v1::GemmProblem problem = Problem();
  problem.set_d_type(v1::DATA_TYPE_FP16);
  problem.mutable_epilogue()->mutable_dropout()->set_probability(0.9);
  CheckFindings findings = Sound();
  findings.d.non_finite = 1;
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "Inf or NaN");
  problem.mutable_epilogue()->mutable_dropout()->set_probability(65535 / 65536.0);
  EXPECT_FALSE(JudgeCheck(problem, findings).has_value());
}

TEST(JudgeTest, WrongElementsAreNamedByTheirPlace) {
  CheckFindings findings = Sound();
  findings.d.wrong = 2;
  findings.d.first_wrong = ~(2ull * 50 + 7);
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_WRONG_RESULT, "batch 1 row 30 column 7");
}

TEST(JudgeTest, UnwrittenFloatsShowAfterOneRun) {
  CheckFindings findings = Sound();
  findings.d.poisoned = 3;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_WRONG_RESULT, "never written");
}

TEST(JudgeTest, IntegersMayEqualThePoisonUnlessBothRunsLeaveIt) {
  v1::GemmProblem problem = Problem();
  problem.set_a_type(v1::DATA_TYPE_INT8);
  problem.set_d_type(v1::DATA_TYPE_INT32);
  CheckFindings findings = Sound();
  findings.d.poisoned = 3;
  EXPECT_FALSE(JudgeCheck(problem, findings).has_value());
  findings.d.unwritten = 1;
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "never written");
}

TEST(JudgeTest, RunsThatDifferFailWhereDeterminismIsRequired) {
  CheckFindings findings = Sound();
  findings.repeated = true;
  findings.d.differing = 4;
  findings.d.wrong = 1;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_NONDETERMINISTIC, "4 elements");
  v1::GemmProblem relaxed = Problem();
  relaxed.mutable_numerics()->set_determinism(v1::DETERMINISM_MODE_NOT_REQUIRED);
  findings.d.wrong = 0;
  EXPECT_FALSE(JudgeCheck(relaxed, findings).has_value());
}

TEST(JudgeTest, AmaxIsComparedWithTheLargestOfD) {
  v1::GemmProblem problem = Problem();
  problem.mutable_epilogue()->set_amax(true);
  CheckFindings findings = Sound();
  const float largest = 100.0f;
  std::memcpy(&findings.d.largest_bits, &largest, sizeof(largest));
  findings.amax = 100.2f;
  EXPECT_FALSE(JudgeCheck(problem, findings).has_value());
  findings.amax = 103.0f;
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "amax");
  findings.amax = std::numeric_limits<float>::quiet_NaN();
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "amax");
}

// amax is of the values before they are scaled, and D ends at its largest.
TEST(JudgeTest, AmaxOfAScaledFp8IsComparedAfterScaling) {
  v1::GemmProblem problem = Problem();
  problem.set_a_type(v1::DATA_TYPE_E4M3);
  problem.set_d_type(v1::DATA_TYPE_E4M3);
  problem.mutable_epilogue()->set_amax(true);
  problem.mutable_epilogue()->set_scale_d(true);
  CheckFindings findings = Sound();
  findings.scale_d = 2.0f;
  float largest = 96.0f;
  std::memcpy(&findings.d.largest_bits, &largest, sizeof(largest));
  findings.amax = 49.0f;
  EXPECT_FALSE(JudgeCheck(problem, findings).has_value());
  findings.amax = 96.0f;
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "amax");
  largest = 448.0f;
  std::memcpy(&findings.d.largest_bits, &largest, sizeof(largest));
  findings.amax = 3000.0f;
  EXPECT_FALSE(JudgeCheck(problem, findings).has_value());
}

TEST(JudgeTest, TheNonFiniteFlagMustBeClearOfGarbage) {
  v1::GemmProblem problem = Problem();
  problem.mutable_epilogue()->set_non_finite_flag(true);
  CheckFindings findings = Sound();
  EXPECT_FALSE(JudgeCheck(problem, findings).has_value());
  findings.non_finite = 0xFFFFFFFF;
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "flag");
}

TEST(JudgeTest, RelativeErrorOfNothingIsZero) {
  CheckCounts counts{};
  EXPECT_EQ(RelativeError(counts), 0);
  counts.squared_error = 1;
  counts.squared_reference = 100;
  EXPECT_DOUBLE_EQ(RelativeError(counts), 0.1);
}

}  // namespace
}  // namespace tilewright
