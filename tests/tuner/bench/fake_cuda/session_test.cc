// What a session does with the memory of the GPU, over a driver that runs kernels on the host.
#include "tuner/bench/session.h"

#include <gtest/gtest.h>

#include "kernel_templates/abi/fused_dropout_args.h"
#include "proto/support/errors.h"
#include "tests/tuner/bench/fake_cuda/behaving_kernel.h"
#include "tests/tuner/codegen/fused_dropout_problems.h"

namespace tilewright {
namespace {

constexpr int64_t kMebibyte = int64_t{1} << 20;

struct Case {
  v1::Problem problem;
  v1::Kernel kernel;
};

// Outputs of 256 KiB, of which rotation makes some MiB.
std::vector<Case> Cases() {
  v1::Problem gemm;
  gemm.mutable_gemm()->set_m(512);
  gemm.mutable_gemm()->set_n(256);
  gemm.mutable_gemm()->set_k(16);
  v1::Kernel dropout = BehavingKernel("backward");
  dropout.mutable_launch_plan()->set_arguments_version(kFusedDropoutArgsVersion);
  dropout.mutable_launch_plan()->mutable_steps(0)->set_entry_symbol("tilewright_fused_dropout");
  return {{*Canonicalize(gemm), BehavingKernel("sound")},
          {FusedDropoutOf("rows: 512 columns: 256 operation: "
                          "DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL dropout { probability: 0.3 } "
                          "normalization: NORMALIZATION_LAYER_NORM backward: true"),
           dropout}};
}

std::unique_ptr<Session> OpenSession(const Case& one) {
  auto session = Session::Open(one.problem, 0);
  EXPECT_TRUE(session.ok()) << session.status();
  if (!session.ok()) return nullptr;
  EXPECT_TRUE((*session)->LoadReference({"any"}).ok());
  EXPECT_TRUE((*session)->SetInput(bench::INPUT_KIND_TIMED).ok());
  return *std::move(session);
}

absl::Status Load(Session& session, int candidate, const v1::Kernel& kernel) {
  bench::LoadRequest request;
  request.set_candidate(candidate);
  *request.mutable_kernel() = kernel;
  return session.Load(request);
}

// Takes the memory of the GPU, but for `left` bytes.
DeviceMemory TakeMemory(int64_t left) {
  const DriverApi& driver = **DriverApi::Load();
  std::size_t free = 0;
  std::size_t total = 0;
  EXPECT_EQ(driver.cuMemGetInfo(&free, &total), CUDA_SUCCESS);
  return *DeviceMemory::Allocate(driver, static_cast<int64_t>(free) - left);
}

TEST(SessionTest, LaunchesShareTensorsWhereThereIsNoMemoryForCopies) {
  for (const Case& one : Cases()) {
    const auto session = OpenSession(one);
    ASSERT_TRUE(Load(*session, 0, one.kernel).ok());
    const DeviceMemory taken = TakeMemory(kMebibyte);
    const auto seconds = session->TimeSample(0, 8);
    EXPECT_TRUE(seconds.ok()) << seconds.status();
    // What did not suffice was given back.
    EXPECT_TRUE(DeviceMemory::Allocate(**DriverApi::Load(), kMebibyte).ok());
  }
}

TEST(SessionTest, AWorkspaceTakesTheMemoryOfCopies) {
  for (const Case& one : Cases()) {
    const auto session = OpenSession(one);
    ASSERT_TRUE(Load(*session, 0, one.kernel).ok());
    ASSERT_TRUE(session->TimeSample(0, 8).ok());
    const DeviceMemory taken = TakeMemory(kMebibyte / 2);
    v1::Kernel other = one.kernel;
    other.mutable_launch_plan()->mutable_steps(0)->set_split_k(2);
    other.mutable_launch_plan()->mutable_workspace()->set_partial_copies(2);
    other.mutable_launch_plan()->mutable_workspace()->set_element_bytes(4);
    const absl::Status loaded = Load(*session, 1, other);
    EXPECT_TRUE(loaded.ok()) << loaded;
    EXPECT_TRUE(session->TimeSample(0, 8).ok());
    EXPECT_TRUE(session->TimeSample(1, 8).ok());
  }
}

// The candidates before it lost theirs, and it counted as loaded.
TEST(SessionTest, AWorkspaceThatDoesNotFitFailsItsCandidateAlone) {
  for (const Case& one : Cases()) {
    const auto session = OpenSession(one);
    ASSERT_TRUE(Load(*session, 0, one.kernel).ok());
    v1::Kernel other = one.kernel;
    other.mutable_launch_plan()->mutable_steps(0)->set_split_k(2);
    other.mutable_launch_plan()->mutable_workspace()->set_partial_copies(2);
    other.mutable_launch_plan()->mutable_workspace()->set_element_bytes(4);
    const DeviceMemory taken = TakeMemory(0);
    EXPECT_TRUE(absl::IsResourceExhausted(Load(*session, 1, other)));
    EXPECT_EQ(ReasonOf(session->TimeSample(1, 1).status()), "UNKNOWN_CANDIDATE");
    EXPECT_TRUE(session->TimeSample(0, 1).ok());
  }
}

}  // namespace
}  // namespace tilewright
