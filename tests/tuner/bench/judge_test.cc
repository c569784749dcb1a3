#include "tuner/bench/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "absl/base/casts.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "tests/tuner/codegen/fused_dropout_problems.h"
#include "tuner/bench/fused_dropout_reference.h"
#include "tuner/bench/gemm_reference.h"

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

// With a mask and a gradient of the bias.
v1::GemmProblem ProblemOfAllOutputs() {
  v1::GemmProblem problem = Problem();
  problem.mutable_epilogue()->mutable_dropout()->set_probability(0.5);
  problem.mutable_epilogue()->mutable_dropout()->set_store_mask(true);
  problem.mutable_epilogue()->set_bias_gradient(true);
  return problem;
}

// Of a sound kernel.
CheckFindings Sound(const TensorUses& uses) {
  CheckFindings findings;
  for (const TensorUse& use : uses) {
    if (use.written) findings.outputs.push_back({use});
  }
  return findings;
}
CheckFindings Sound(const v1::GemmProblem& problem) { return Sound(TensorsOf(problem)); }

OutputFindings& Of(GemmTensor tensor, CheckFindings& findings) {
  return *std::find_if(findings.outputs.begin(), findings.outputs.end(), [&](const auto& output) {
    return output.use.tensor == static_cast<int>(tensor);
  });
}

CheckCounts& D(CheckFindings& findings) { return Of(GemmTensor::kD, findings).counts; }

std::optional<v1::Failure> Judge(const v1::GemmProblem& problem, const CheckFindings& findings) {
  return JudgeCheck(GemmReference(problem), problem.numerics(), findings);
}

void ExpectFailure(const v1::GemmProblem& problem, const CheckFindings& findings,
                   v1::FailureKind kind, const std::string& text) {
  const auto failure = Judge(problem, findings);
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->kind(), kind) << failure->message();
  EXPECT_THAT(failure->message(), HasSubstr(text));
}

TEST(JudgeTest, SoundResultsPass) {
  for (const v1::GemmProblem& problem : {Problem(), ProblemOfAllOutputs()}) {
    EXPECT_FALSE(Judge(problem, Sound(problem)).has_value());
  }
}

TEST(JudgeTest, WritesOutsideOfAnyRegion) {
  CheckFindings findings = Sound(Problem());
  D(findings).touched_outside = 1;
  D(findings).wrong = 5;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_OUT_OF_BOUNDS, "outside of D");
  findings = Sound(Problem());
  findings.workspace.touched_outside = 1;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_OUT_OF_BOUNDS, "workspace");
  findings = Sound(Problem());
  findings.inputs_changed = true;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_OUT_OF_BOUNDS, "input");
}

TEST(JudgeTest, MasksAndGradientsOfTheBiasAreOutputsToo) {
  const v1::GemmProblem problem = ProblemOfAllOutputs();
  CheckFindings findings = Sound(problem);
  Of(GemmTensor::kMask, findings).counts.touched_outside = 1;
  ExpectFailure(problem, findings, v1::FAILURE_KIND_OUT_OF_BOUNDS, "outside of the mask");
  const auto with_sums = [&](auto change) {
    findings = Sound(problem);
    change(Of(GemmTensor::kBiasGradient, findings).counts);
  };
  with_sums([](CheckCounts& counts) { counts.touched_outside = 1; });
  ExpectFailure(problem, findings, v1::FAILURE_KIND_OUT_OF_BOUNDS, "outside of the bias gradient");
  with_sums([](CheckCounts& counts) { counts.poisoned = 1; });
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "never written");
  with_sums([](CheckCounts& counts) { counts.differing = 1; });
  findings.repeated = true;
  ExpectFailure(problem, findings, v1::FAILURE_KIND_NONDETERMINISTIC, "differ");
  with_sums([](CheckCounts& counts) {
    counts.wrong = 2;
    counts.first_wrong = ~7ull;
  });
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "the first at column 7");
}

// 50 columns are rows of 8 bytes.
TEST(JudgeTest, WrongBytesOfAMaskAreNamedByTheirPlace) {
  CheckFindings findings = Sound(ProblemOfAllOutputs());
  CheckCounts& mask = Of(GemmTensor::kMask, findings).counts;
  mask.wrong = 1;
  mask.first_wrong = ~((100ull + 30) * 8 + 2);
  ExpectFailure(ProblemOfAllOutputs(), findings, v1::FAILURE_KIND_WRONG_RESULT,
                "1 bytes of the mask are wrong, the first at batch 1 row 30 column 16");
}

TEST(JudgeTest, WhatDropoutScalesBeyondFp16MayBeInf) {
  v1::GemmProblem problem = Problem();
  problem.set_d_type(v1::DATA_TYPE_FP16);
  problem.mutable_epilogue()->mutable_dropout()->set_probability(0.9);
  CheckFindings findings = Sound(problem);
  D(findings).non_finite = 1;
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "Inf or NaN");
  problem.mutable_epilogue()->mutable_dropout()->set_probability(65535 / 65536.0);
  EXPECT_FALSE(Judge(problem, findings).has_value());
}

TEST(JudgeTest, WrongElementsAreNamedByTheirPlace) {
  CheckFindings findings = Sound(Problem());
  const std::vector<int64_t> rows = GemmReference(Problem()).rows();
  const auto listed = std::find(rows.begin(), rows.end(), 130) - rows.begin();
  D(findings).wrong = 2;
  D(findings).first_wrong = ~(static_cast<unsigned long long>(listed) * 50 + 7);
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_WRONG_RESULT, "batch 1 row 30 column 7");
}

TEST(JudgeTest, UnwrittenFloatsShowAfterOneRun) {
  CheckFindings findings = Sound(Problem());
  D(findings).poisoned = 3;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_WRONG_RESULT, "never written");
}

TEST(JudgeTest, IntegersMayEqualThePoisonUnlessBothRunsLeaveIt) {
  v1::GemmProblem problem = Problem();
  problem.set_a_type(v1::DATA_TYPE_INT8);
  problem.set_d_type(v1::DATA_TYPE_INT32);
  CheckFindings findings = Sound(problem);
  D(findings).poisoned = 3;
  EXPECT_FALSE(Judge(problem, findings).has_value());
  D(findings).unwritten = 1;
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "never written");
}

TEST(JudgeTest, RunsThatDifferFailWhereDeterminismIsRequired) {
  CheckFindings findings = Sound(Problem());
  findings.repeated = true;
  D(findings).differing = 4;
  D(findings).wrong = 1;
  ExpectFailure(Problem(), findings, v1::FAILURE_KIND_NONDETERMINISTIC, "4 elements");
  v1::GemmProblem relaxed = Problem();
  relaxed.mutable_numerics()->set_determinism(v1::DETERMINISM_MODE_NOT_REQUIRED);
  D(findings).wrong = 0;
  EXPECT_FALSE(Judge(relaxed, findings).has_value());
}

TEST(JudgeTest, AmaxIsComparedWithTheLargestOfD) {
  v1::GemmProblem problem = Problem();
  problem.mutable_epilogue()->set_amax(true);
  CheckFindings findings = Sound(problem);
  D(findings).largest_bits = absl::bit_cast<uint32_t>(100.0f);
  uint32_t& amax = Of(GemmTensor::kAmax, findings).word;
  amax = absl::bit_cast<uint32_t>(100.2f);
  EXPECT_FALSE(Judge(problem, findings).has_value());
  amax = absl::bit_cast<uint32_t>(103.0f);
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "amax");
  amax = absl::bit_cast<uint32_t>(std::numeric_limits<float>::quiet_NaN());
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "amax");
}

// amax is of the values before they are scaled, and D ends at its largest.
TEST(JudgeTest, AmaxOfAScaledFp8IsComparedAfterScaling) {
  v1::GemmProblem problem = Problem();
  problem.set_a_type(v1::DATA_TYPE_E4M3);
  problem.set_d_type(v1::DATA_TYPE_E4M3);
  problem.mutable_epilogue()->set_amax(true);
  problem.mutable_epilogue()->set_scale_d(true);
  CheckFindings findings = Sound(problem);
  const float scale = GemmReference(problem).ScaleD();
  D(findings).largest_bits = absl::bit_cast<uint32_t>(96.0f);
  uint32_t& amax = Of(GemmTensor::kAmax, findings).word;
  amax = absl::bit_cast<uint32_t>(97.0f / scale);
  EXPECT_FALSE(Judge(problem, findings).has_value());
  amax = absl::bit_cast<uint32_t>(96.0f);
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "amax");
  D(findings).largest_bits = absl::bit_cast<uint32_t>(448.0f);
  amax = absl::bit_cast<uint32_t>(3000.0f);
  EXPECT_FALSE(Judge(problem, findings).has_value());
}

TEST(JudgeTest, TheNonFiniteFlagMustBeClearOfGarbage) {
  v1::GemmProblem problem = Problem();
  problem.mutable_epilogue()->set_non_finite_flag(true);
  CheckFindings findings = Sound(problem);
  EXPECT_FALSE(Judge(problem, findings).has_value());
  Of(GemmTensor::kNonFinite, findings).word = 0xFFFFFFFF;
  ExpectFailure(problem, findings, v1::FAILURE_KIND_WRONG_RESULT, "flag");
}

// Nothing of our inputs comes near the range of bf16.
TEST(JudgeTest, InfAndNanOfAFusedDropoutFailWhereTheTypeHasRoom) {
  for (const auto& [type, fails] : {std::pair("BF16", true), std::pair("FP16", false)}) {
    const v1::Problem problem =
        FusedDropoutOf(std::string("rows: 16 columns: 16 operation: DROPOUT_OPERATION_DROPOUT "
                                   "dropout { probability: 0.5 } type: DATA_TYPE_") +
                       type);
    CheckFindings findings = Sound(TensorsOf(problem.fused_dropout()));
    const FusedDropoutReference reference(problem.fused_dropout());
    const auto& numerics = problem.fused_dropout().numerics();
    EXPECT_FALSE(JudgeCheck(reference, numerics, findings).has_value());
    findings.outputs[0].counts.non_finite = 2;
    const auto failure = JudgeCheck(reference, numerics, findings);
    ASSERT_EQ(failure.has_value(), fails) << type;
    if (!fails) continue;
    EXPECT_EQ(failure->message(), "2 elements of y are Inf or NaN");
  }
}

TEST(JudgeTest, TheErrorOfAGemmIsThatOfD) {
  const v1::GemmProblem problem = ProblemOfAllOutputs();
  CheckFindings findings = Sound(problem);
  D(findings).squared_error = 1;
  D(findings).squared_reference = 100;
  Of(GemmTensor::kBiasGradient, findings).counts.squared_error = 100;
  Of(GemmTensor::kBiasGradient, findings).counts.squared_reference = 100;
  EXPECT_DOUBLE_EQ(GemmReference(problem).RelativeErrorOf(findings), 0.1);
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
