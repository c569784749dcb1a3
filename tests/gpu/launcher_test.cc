// GemmLauncher as a client uses it: packed once, launched often, other shapes, flags,
// stochastic rounding.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "tests/gpu/device_gemm.h"
#include "tests/gpu/gemm_cases.h"

namespace tilewright {
namespace {

using ::testing::Each;
using ::testing::FloatEq;

class LauncherTest : public ::testing::Test {
 protected:
  // The model's first pick for `problem`, loaded.
  std::unique_ptr<GemmLauncher> Load(const v1::Problem& problem) {
    const auto kernels = CompileKernels(problem, PickVariants(problem, 1, false));
    EXPECT_EQ(kernels.size(), 1u);
    auto launcher = GemmLauncher::Create(session_.driver(), kernels.at(0));
    EXPECT_TRUE(launcher.ok()) << launcher.status();
    return *std::move(launcher);
  }

  struct Buffers {
    DeviceMemory a;
    DeviceMemory b;
    DeviceMemory d;
    DeviceMemory workspace;
    GemmArguments operands;
  };

  // All of A is `a`, all of B is `b`; bf16. D is NaN.
  Buffers MakeBuffers(const v1::GemmProblem& gemm, const GemmLauncher& launcher, float a, float b) {
    const auto count = [](int64_t rows, int64_t columns) {
      return static_cast<std::size_t>(rows * columns);
    };
    Buffers buffers;
    buffers.a = session_.Upload(std::vector<uint16_t>(count(gemm.m(), gemm.k()), ToBf16(a)));
    buffers.b = session_.Upload(std::vector<uint16_t>(count(gemm.n(), gemm.k()), ToBf16(b)));
    buffers.d = session_.Upload(std::vector<uint16_t>(count(gemm.m(), gemm.n()), 0xFFFF));
    buffers.workspace = *DeviceMemory::Allocate(session_.driver(), launcher.WorkspaceBytes(gemm));
    buffers.operands.a = buffers.a.pointer();
    buffers.operands.b = buffers.b.pointer();
    buffers.operands.d = buffers.d.pointer();
    buffers.operands.workspace = buffers.workspace.pointer();
    buffers.operands.workspace_bytes = buffers.workspace.bytes();
    return buffers;
  }

  std::vector<float> Result(const Buffers& buffers) {
    std::vector<float> values;
    for (const uint16_t half : session_.Download<uint16_t>(buffers.d)) {
      values.push_back(FromBf16(half));
    }
    return values;
  }

  DeviceSession session_;
};

TEST_F(LauncherTest, OneKernelServesOtherShapes) {
  const v1::Problem tuned = *Canonicalize(Gemm(256, 256, 256, v1::DATA_TYPE_BF16));
  const auto launcher = Load(tuned);
  for (const auto& [m, n, k] :
       {std::tuple{256, 256, 256}, std::tuple{100, 24, 64}, std::tuple{1, 520, 8}}) {
    const v1::Problem other = *Canonicalize(Gemm(m, n, k, v1::DATA_TYPE_BF16));
    const Buffers buffers = MakeBuffers(other.gemm(), *launcher, 1.0f, 0.5f);
    const absl::Status status = launcher->Launch(other.gemm(), buffers.operands, session_.stream());
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_THAT(Result(buffers), Each(FloatEq(0.5f * static_cast<float>(k))));
  }
}

TEST_F(LauncherTest, AShapeThatBreaksTheRequirementsIsRefused) {
  const auto launcher = Load(*Canonicalize(Gemm(256, 256, 256, v1::DATA_TYPE_BF16)));
  const v1::Problem odd = *Canonicalize(Gemm(256, 256, 255, v1::DATA_TYPE_BF16));
  const Buffers buffers = MakeBuffers(odd.gemm(), *launcher, 1.0f, 1.0f);
  const absl::Status status = launcher->Launch(odd.gemm(), buffers.operands, session_.stream());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "MISALIGNED_STRIDE");
}

TEST_F(LauncherTest, PreparedOnceLaunchedOften) {
  const v1::Problem problem = *Canonicalize(Gemm(64, 64, 64, v1::DATA_TYPE_BF16));
  const auto launcher = Load(problem);
  Buffers buffers = MakeBuffers(problem.gemm(), *launcher, 1.0f, 1.0f);
  buffers.operands.alpha = 2.0f;
  const auto prepared = launcher->Prepare(problem.gemm(), buffers.operands);
  ASSERT_TRUE(prepared.ok()) << prepared.status();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(launcher->Launch(**prepared, session_.stream()).ok());
  }
  EXPECT_THAT(Result(buffers), Each(FloatEq(128.0f)));
}

TEST_F(LauncherTest, FlagsAreClearedBeforeEveryLaunch) {
  v1::Problem problem = Gemm(64, 64, 64, v1::DATA_TYPE_BF16);
  problem.mutable_gemm()->mutable_epilogue()->set_amax(true);
  problem.mutable_gemm()->mutable_epilogue()->set_non_finite_flag(true);
  problem = *Canonicalize(problem);
  const auto launcher = Load(problem);
  const DeviceMemory amax = session_.Upload(std::vector<float>{1e30f});
  const DeviceMemory flag = session_.Upload(std::vector<uint32_t>{7});
  const auto launch = [&](float a) {
    Buffers buffers = MakeBuffers(problem.gemm(), *launcher, a, 1.0f);
    buffers.operands.amax = static_cast<float*>(amax.pointer());
    buffers.operands.non_finite = static_cast<uint32_t*>(flag.pointer());
    const absl::Status status =
        launcher->Launch(problem.gemm(), buffers.operands, session_.stream());
    EXPECT_TRUE(status.ok()) << status;
    session_.Synchronize();
  };
  launch(-2.0f);
  EXPECT_EQ(session_.Download<float>(amax)[0], 128.0f);
  EXPECT_EQ(session_.Download<uint32_t>(flag)[0], 0u);
  launch(std::numeric_limits<float>::infinity());
  EXPECT_EQ(session_.Download<uint32_t>(flag)[0], 1u);
  launch(1.0f);
  EXPECT_EQ(session_.Download<float>(amax)[0], 64.0f);
  EXPECT_EQ(session_.Download<uint32_t>(flag)[0], 0u);
}

// 1 + 2^-10 lies an eighth of the way from 1 to bf16's next number. Of 2^18 elements an eighth
// goes up, with a deviation of 170 elements: six of them are allowed.
TEST_F(LauncherTest, StochasticRoundingIsUnbiasedAndFollowsTheSeed) {
  v1::Problem problem = Gemm(512, 512, 2, v1::DATA_TYPE_BF16);
  problem.mutable_gemm()->mutable_epilogue()->set_rounding_mode(v1::ROUNDING_MODE_STOCHASTIC);
  problem = *Canonicalize(problem);
  const auto launcher = Load(problem);
  Buffers buffers = MakeBuffers(problem.gemm(), *launcher, 1.0f, 0.5f);
  buffers.operands.alpha = 1.0f + 0x1p-10f;
  const auto launch = [&](uint64_t seed, uint64_t offset) {
    buffers.operands.seed = seed;
    buffers.operands.offset = offset;
    EXPECT_TRUE(launcher->Launch(problem.gemm(), buffers.operands, session_.stream()).ok());
    return Result(buffers);
  };
  const std::vector<float> first = launch(1, 0);
  const auto up = std::count(first.begin(), first.end(), 1.0f + 0x1p-7f);
  EXPECT_EQ(std::count(first.begin(), first.end(), 1.0f) + up,
            static_cast<std::ptrdiff_t>(first.size()));
  EXPECT_NEAR(static_cast<double>(up), static_cast<double>(first.size()) / 8, 6 * 170);
  EXPECT_EQ(launch(1, 0), first);
  EXPECT_NE(launch(2, 0), first);
  EXPECT_NE(launch(1, 1), first);
}

TEST_F(LauncherTest, ScalarsInDeviceMemoryAreReadAtEveryLaunch) {
  v1::Problem problem = Gemm(64, 64, 64, v1::DATA_TYPE_BF16);
  problem.mutable_gemm()->mutable_epilogue()->set_device_scalars(true);
  problem = *Canonicalize(problem);
  const auto launcher = Load(problem);
  Buffers buffers = MakeBuffers(problem.gemm(), *launcher, 1.0f, 1.0f);
  const DeviceMemory alpha = session_.Upload(std::vector<float>{0.5f});
  buffers.operands.alpha = 3.0f;  // Not used.
  buffers.operands.device_alpha = static_cast<const float*>(alpha.pointer());
  const auto prepared = launcher->Prepare(problem.gemm(), buffers.operands);
  ASSERT_TRUE(prepared.ok()) << prepared.status();
  ASSERT_TRUE(launcher->Launch(**prepared, session_.stream()).ok());
  EXPECT_THAT(Result(buffers), Each(FloatEq(32.0f)));
  const float doubled = 1.0f;
  ASSERT_EQ(session_.driver().cuMemcpyHtoDAsync(alpha.address(), &doubled, sizeof(doubled),
                                                session_.stream()),
            CUDA_SUCCESS);
  ASSERT_TRUE(launcher->Launch(**prepared, session_.stream()).ok());
  EXPECT_THAT(Result(buffers), Each(FloatEq(64.0f)));
}

TEST_F(LauncherTest, KernelsOfAnotherArchitectureAreRefused) {
  const v1::Problem problem = *Canonicalize(Gemm(64, 64, 64, v1::DATA_TYPE_BF16));
  auto kernels = CompileKernels(problem, PickVariants(problem, 1, false));
  ASSERT_EQ(kernels.size(), 1u);
  kernels[0].set_architecture("sm_10");
  const auto launcher = GemmLauncher::Create(session_.driver(), kernels[0]);
  EXPECT_EQ(launcher.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(launcher.status()), "ARCHITECTURE_MISMATCH");
}

TEST_F(LauncherTest, AnEntryThatIsNotInTheCubinIsNamed) {
  const v1::Problem problem = *Canonicalize(Gemm(64, 64, 64, v1::DATA_TYPE_BF16));
  auto kernels = CompileKernels(problem, PickVariants(problem, 1, false));
  ASSERT_EQ(kernels.size(), 1u);
  kernels[0].mutable_launch_plan()->mutable_steps(0)->set_entry_symbol("absent_entry");
  const auto launcher = GemmLauncher::Create(session_.driver(), kernels[0]);
  EXPECT_EQ(ReasonOf(launcher.status()), "ENTRY_NOT_FOUND");
}

}  // namespace
}  // namespace tilewright
