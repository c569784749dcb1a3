// What the bench worker finds of fused dropouts, over a driver that runs kernels on the host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel_templates/abi/fused_dropout_args.h"
#include "tests/fakes/fake_compiler.h"
#include "tests/tuner/bench/fake_cuda/behaving_kernel.h"
#include "tests/tuner/codegen/fused_dropout_problems.h"
#include "tuner/profile/bench_profiler.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

v1::Kernel DropoutKernel(const std::string& behaviour) {
  v1::Kernel kernel = BehavingKernel("fused " + behaviour);
  kernel.mutable_launch_plan()->set_arguments_version(kFusedDropoutArgsVersion);
  kernel.mutable_launch_plan()->mutable_steps(0)->set_entry_symbol("tilewright_fused_dropout");
  return kernel;
}

class FusedDropoutChecksTest : public ::testing::Test {
 protected:
  FusedDropoutChecksTest() : profiler_(*BenchProfiler::Create({}, compiler_)) {}

  v1::Candidate Outcome(const std::string& behaviour, const std::string& numerics = "") {
    const bool backward = behaviour.find("backward") != std::string::npos;
    ProfileRequest request;
    request.problem = FusedDropoutOf(
        std::string("rows: 35 columns: 21 x_stride: 24 operation: "
                    "DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL "
                    "normalization: NORMALIZATION_LAYER_NORM ") +
        (backward ? "dropout { probability: 0.3 } backward: true "
                  : "dropout { probability: 0.3 store_mask: true } store_statistics: true "
                    "store_pre_norm: true ") +
        numerics);
    request.kernels = {DropoutKernel(behaviour)};
    request.max_rounds = 3;
    const auto report = profiler_->Profile(request, Cancellation(), nullptr);
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return v1::Candidate();
    EXPECT_TRUE(report->vendors.empty());
    return report->kernels[0];
  }

  void ExpectFailure(const std::string& behaviour, v1::FailureKind kind, const std::string& text) {
    const v1::Candidate candidate = Outcome(behaviour);
    EXPECT_EQ(candidate.failure().kind(), kind) << candidate.DebugString();
    EXPECT_THAT(candidate.failure().message(), HasSubstr(text));
  }

  FakeCompiler compiler_;
  std::unique_ptr<BenchProfiler> profiler_;
};

TEST_F(FusedDropoutChecksTest, SoundKernelsAreMeasured) {
  for (const char* direction : {"forward", "backward"}) {
    const v1::Candidate candidate = Outcome(direction);
    ASSERT_TRUE(candidate.has_measurement()) << candidate.DebugString();
    EXPECT_EQ(candidate.measurement().seconds_size(), 3);
    EXPECT_GT(candidate.measurement().relative_error(), 1e-4);  // That of rounding to bf16.
    EXPECT_LT(candidate.measurement().relative_error(), 5e-3);
  }
}

TEST_F(FusedDropoutChecksTest, RunsMayDifferWhereTheSameBitsAreNotRequired) {
  ExpectFailure("backward sums in turn", v1::FAILURE_KIND_NONDETERMINISTIC,
                "1 elements of shift_gradient differ between two runs");
  const v1::Candidate relaxed =
      Outcome("backward sums in turn", "numerics { determinism: DETERMINISM_MODE_NOT_REQUIRED }");
  EXPECT_TRUE(relaxed.has_measurement()) << relaxed.DebugString();
}

TEST_F(FusedDropoutChecksTest, EveryOutputIsLookedAt) {
  const v1::FailureKind wrong = v1::FAILURE_KIND_WRONG_RESULT;
  ExpectFailure("forward no shift", wrong, "elements of y are off");
  ExpectFailure("forward other mask", wrong, "elements of mask are off");
  ExpectFailure("forward root off", wrong, "35 elements of inverse_root are off");
  ExpectFailure("backward mean left out", wrong, "elements of dx are off");
  ExpectFailure("backward row summed twice", wrong, "1 elements of shift_gradient are off");
  ExpectFailure("backward writes past", v1::FAILURE_KIND_OUT_OF_BOUNDS,
                "elements outside of bias_gradient");
}

}  // namespace
}  // namespace tilewright
