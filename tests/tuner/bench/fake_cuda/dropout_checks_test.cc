// The checks of dropout and of the backward form, against kernels that are wrong in one way each:
// the reference, inputs and tolerances as a GPU has them, on a driver that runs them on the host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/problem/problem.h"
#include "tests/fakes/fake_compiler.h"
#include "tests/tuner/bench/fake_cuda/behaving_kernel.h"
#include "tuner/profile/bench_profiler.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

v1::Problem Base() {
  v1::Problem problem;
  v1::GemmProblem& gemm = *problem.mutable_gemm();
  gemm.set_m(75);
  gemm.set_n(41);  // Rows of 6 bytes of mask.
  gemm.set_k(48);
  gemm.set_batch(3);
  gemm.set_ldd(44);
  v1::Epilogue& epilogue = *gemm.mutable_epilogue();
  epilogue.set_activation(v1::ACTIVATION_SILU);
  epilogue.mutable_dropout()->set_probability(0.3);
  return problem;
}

v1::Problem Forward() {
  v1::Problem problem = Base();
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.mutable_dropout()->set_store_mask(true);
  epilogue.set_bias_mode(v1::BIAS_MODE_PER_COLUMN);
  epilogue.set_source_mode(v1::SOURCE_MODE_RESIDUAL);
  epilogue.set_aux_type(v1::DATA_TYPE_E4M3);
  return *Canonicalize(problem);
}

v1::Problem Gradient() {
  v1::Problem problem = Base();
  v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
  epilogue.set_gradient(true);
  epilogue.set_bias_gradient(true);
  epilogue.set_device_scalars(true);
  epilogue.set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  epilogue.set_aux_type(v1::DATA_TYPE_BF16);
  return *Canonicalize(problem);
}

v1::Candidate Outcome(const std::string& behaviour) {
  FakeCompiler compiler;
  auto profiler = BenchProfiler::Create(BenchProfiler::Options(), compiler);
  EXPECT_TRUE(profiler.ok()) << profiler.status();
  ProfileRequest request;
  request.problem = behaviour.starts_with("gradient") ? Gradient() : Forward();
  request.kernels.push_back(BehavingKernel(behaviour));
  request.include_vendor = true;
  request.max_rounds = 1;
  const auto report = (*profiler)->Profile(request, Cancellation(), nullptr);
  EXPECT_TRUE(report.ok()) << report.status();
  if (!report.ok()) return v1::Candidate();
  EXPECT_TRUE(report->vendors.empty());
  return report->kernels[0];
}

void ExpectSound(const std::string& behaviour) {
  const v1::Candidate candidate = Outcome(behaviour);
  ASSERT_TRUE(candidate.has_measurement()) << candidate.DebugString();
  // Rounding to bf16 alone: at most 2^-8 an element.
  EXPECT_GT(candidate.measurement().relative_error(), 0);
  EXPECT_LT(candidate.measurement().relative_error(), 1.0 / 256);
}

void ExpectFailure(const std::string& behaviour, v1::FailureKind kind, const std::string& text) {
  const v1::Candidate candidate = Outcome(behaviour);
  EXPECT_EQ(candidate.failure().kind(), kind) << candidate.DebugString();
  EXPECT_THAT(candidate.failure().message(), HasSubstr(text));
}

void ExpectWrong(const std::string& behaviour, const std::string& text) {
  ExpectFailure(behaviour, v1::FAILURE_KIND_WRONG_RESULT, text);
}

TEST(DropoutChecksTest, ASoundKernelPassesOnEveryInput) { ExpectSound("dropout"); }

TEST(DropoutChecksTest, FaultsOfTheMaskAreFound) {
  ExpectWrong("dropout, unscaled", "off by more");
  ExpectWrong("dropout, batch left out", "off by more");
  ExpectWrong("dropout, offset cut", "off by more");
}

TEST(DropoutChecksTest, AStoredMaskIsExact) {
  ExpectWrong("dropout, other mask stored", "of the mask are wrong, the first at batch 0");
  ExpectWrong("dropout, mask padded",
              "1 bytes of the mask are wrong, the first at batch 2 row 74 "
              "column 40");
  ExpectFailure("dropout, past the mask", v1::FAILURE_KIND_OUT_OF_BOUNDS, "outside of the mask");
}

TEST(DropoutChecksTest, Fp8AuxiliaryOutputsSaturate) {
  ExpectWrong("dropout, aux not saturated", "elements of aux");
}

TEST(GradientChecksTest, ASoundKernelPassesOnEveryInput) { ExpectSound("gradient"); }

TEST(GradientChecksTest, FaultsOfTheValueAreFound) {
  ExpectWrong("gradient, unscaled", "off by more");
  ExpectWrong("gradient, of the activation", "off by more");
  ExpectWrong("gradient, scalars by value", "elements of D");
}

// In device memory too a beta of 0 leaves C out.
TEST(GradientChecksTest, ASourceThatIsNotReadIsNan) {
  ExpectWrong("gradient, any beta", "elements of D");
}

TEST(GradientChecksTest, SumsOfColumnsAreThoseOfD) {
  ExpectWrong("gradient, a row left out", "are not the sums of their columns");
  ExpectWrong("gradient, a row twice", "are not the sums of their columns");
  ExpectWrong("gradient, sums unwritten", "41 elements of the bias gradient were never written");
  ExpectFailure("gradient, past the sums", v1::FAILURE_KIND_OUT_OF_BOUNDS,
                "outside of the bias gradient");
  ExpectFailure("gradient, sums in turn", v1::FAILURE_KIND_NONDETERMINISTIC, "differ");
}

TEST(GradientChecksTest, ItsArgumentIsAnInput) {
  ExpectFailure("gradient, z written", v1::FAILURE_KIND_OUT_OF_BOUNDS, "wrote to an input");
}

}  // namespace
}  // namespace tilewright
