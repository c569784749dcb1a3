// The checks of fp8 outputs and scales, against kernels that misread them in one way each: the
// reference, inputs and tolerances as a GPU has them, on a driver that runs them on the host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/problem/problem.h"
#include "tests/fakes/fake_compiler.h"
#include "tests/tuner/bench/fake_cuda/behaving_kernel.h"
#include "tuner/profile/bench_profiler.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

// Five blocks of k, which B's scales pad to eight, and two of n.
v1::Problem Problem() {
  v1::Problem problem;
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  gemm.set_m(21);
  gemm.set_n(133);
  gemm.set_k(530);
  gemm.set_batch(2);
  gemm.set_a_type(v1::DATA_TYPE_E5M2);
  gemm.set_d_type(v1::DATA_TYPE_E4M3);
  gemm.set_scaling_mode(v1::SCALING_MODE_BLOCK_128);
  gemm.mutable_epilogue()->set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  gemm.mutable_epilogue()->set_scale_d(true);
  gemm.mutable_epilogue()->set_amax(true);
  return *Canonicalize(problem);
}

v1::Candidate Outcome(const std::string& behaviour) {
  FakeCompiler compiler;
  auto profiler = BenchProfiler::Create(BenchProfiler::Options(), compiler);
  EXPECT_TRUE(profiler.ok()) << profiler.status();
  ProfileRequest request;
  request.problem = Problem();
  request.kernels.push_back(BehavingKernel(behaviour));
  request.include_vendor = false;
  request.max_rounds = 1;
  const auto report = (*profiler)->Profile(request, Cancellation(), nullptr);
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? report->kernels[0] : v1::Candidate();
}

void ExpectWrong(const std::string& behaviour, const std::string& text) {
  const v1::Candidate candidate = Outcome(behaviour);
  EXPECT_EQ(candidate.failure().kind(), v1::FAILURE_KIND_WRONG_RESULT) << candidate.DebugString();
  EXPECT_THAT(candidate.failure().message(), HasSubstr(text));
}

TEST(ScaledChecksTest, ASoundKernelPassesOnEveryInput) {
  const v1::Candidate candidate = Outcome("scaled");
  ASSERT_TRUE(candidate.has_measurement()) << candidate.DebugString();
  // Rounding to e4m3 alone: at most 2^-4 an element.
  EXPECT_GT(candidate.measurement().relative_error(), 0.01);
  EXPECT_LT(candidate.measurement().relative_error(), 1.0 / 16);
}

TEST(ScaledChecksTest, ScalesInAnotherOrderAreFound) {
  ExpectWrong("scaled, A along k", "off by more");
  ExpectWrong("scaled, B packed", "off by more");
}

TEST(ScaledChecksTest, WhatPadsTheScalesIsNan) {
  ExpectWrong("scaled, padding read", "off by more");
}

TEST(ScaledChecksTest, AScaleOfDAfterRoundingIsFound) {
  ExpectWrong("scaled, D late", "off by more");
}

TEST(ScaledChecksTest, AnAmaxOfScaledValuesIsFound) { ExpectWrong("scaled, amax late", "amax"); }

// The flags have canaries as any output.
TEST(ScaledChecksTest, AWritePastAmaxIsFound) {
  const v1::Candidate candidate = Outcome("scaled, past amax");
  EXPECT_EQ(candidate.failure().kind(), v1::FAILURE_KIND_OUT_OF_BOUNDS) << candidate.DebugString();
  EXPECT_THAT(candidate.failure().message(), HasSubstr("outside of amax"));
}

TEST(ScaledChecksTest, AnOverflowThatDoesNotSaturateIsFound) {
  ExpectWrong("scaled, not saturated", "off by more");
}

}  // namespace
}  // namespace tilewright
