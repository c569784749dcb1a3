// Kernels that misbehave on purpose: each gets its failure kind, and the profiler goes on.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "kernel_templates/abi/kernel_args.h"
#include "proto/problem/problem.h"
#include "proto/support/sha256.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tests/tuner/codegen/faulty_templates.h"
#include "tuner/template/tiled_gemm/launch_plan.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

class FaultsTest : public ::testing::Test {
 protected:
  FaultsTest() : problem_(*Canonicalize(Gemm(128, 96, 64, v1::DATA_TYPE_BF16))) {}

  v1::Kernel Faulty(FaultyKind kind) {
    v1::Kernel kernel;
    kernel.set_architecture(GpuMachine::Get().architecture());
    kernel.mutable_variant()->set_template_name("faulty");
    v1::LaunchPlan& plan = *kernel.mutable_launch_plan();
    plan.set_arguments_version(kGemmArgsVersion);
    plan.set_raster_group(1);
    v1::LaunchStep& step = *plan.add_steps();
    step.set_entry_symbol(std::string(kGemmEntry));
    step.set_block_threads(256);
    step.set_grid_rule(v1::GRID_RULE_TILES);
    step.set_tile_m(16);
    step.set_tile_n(16);
    step.set_split_k(1);
    const absl::Status status = GpuMachine::Get().compiler().CompileAll(
        {{RenderFaultySource(kind), kernel.architecture(), {step.entry_symbol()}}}, Cancellation(),
        [&](std::size_t, CompileOutcome outcome) {
          const auto* code = std::get_if<CompiledCode>(&outcome);
          ASSERT_NE(code, nullptr) << std::get<v1::Failure>(outcome).message();
          kernel.set_cubin(code->cubin);
        });
    EXPECT_TRUE(status.ok()) << status;
    kernel.set_content_hash(Sha256(kernel.cubin()));
    return kernel;
  }

  std::vector<v1::Kernel> Sound() {
    return CompileKernels(problem_, PickVariants(problem_, 2, false));
  }

  // With one round there is no race, and everyone is checked in full.
  absl::StatusOr<ProfileReport> Profile(std::vector<v1::Kernel> kernels, int max_rounds = 3) {
    ProfileRequest request;
    request.problem = problem_;
    request.kernels = std::move(kernels);
    request.include_vendor = false;
    request.max_rounds = max_rounds;
    return GpuMachine::Get().profiler().Profile(request, Cancellation(), nullptr);
  }

  // A faulty kernel between two sound ones.
  void ExpectFailure(FaultyKind kind, v1::FailureKind expected, int max_rounds = 3) {
    std::vector<v1::Kernel> kernels = Sound();
    ASSERT_EQ(kernels.size(), 2u);
    kernels.insert(kernels.begin() + 1, Faulty(kind));
    const auto report = Profile(kernels, max_rounds);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->kernels[0].has_measurement()) << report->kernels[0].failure().message();
    EXPECT_TRUE(report->kernels[2].has_measurement()) << report->kernels[2].failure().message();
    EXPECT_EQ(report->kernels[1].failure().kind(), expected)
        << v1::FailureKind_Name(report->kernels[1].failure().kind()) << ": "
        << report->kernels[1].failure().message();
  }

  v1::Problem problem_;
};

TEST_F(FaultsTest, IllegalAccess) {
  ExpectFailure(FaultyKind::kIllegalAccess, v1::FAILURE_KIND_LAUNCH_ERROR);
}

TEST_F(FaultsTest, EndlessKernel) { ExpectFailure(FaultyKind::kEndless, v1::FAILURE_KIND_TIMEOUT); }

TEST_F(FaultsTest, WrongResult) {
  ExpectFailure(FaultyKind::kWrongResult, v1::FAILURE_KIND_WRONG_RESULT);
}

TEST_F(FaultsTest, OutOfBoundsWrite) {
  ExpectFailure(FaultyKind::kOutOfBoundsWrite, v1::FAILURE_KIND_OUT_OF_BOUNDS);
}

TEST_F(FaultsTest, NondeterministicResult) {
  ExpectFailure(FaultyKind::kNondeterministic, v1::FAILURE_KIND_NONDETERMINISTIC);
}

// Right for every beta but 0, where C is NaN.
TEST_F(FaultsTest, AReadOfWhatIsNotRead) {
  problem_.mutable_gemm()->mutable_epilogue()->set_source_mode(v1::SOURCE_MODE_ACCUMULATE);
  problem_ = *Canonicalize(problem_);
  // The adversarial input alone has a C that is not read, and this kernel is too slow for it.
  ExpectFailure(FaultyKind::kReadsUnread, v1::FAILURE_KIND_WRONG_RESULT, /*max_rounds=*/1);
}

TEST_F(FaultsTest, AllOfThemInOneProfile) {
  std::vector<v1::Kernel> kernels = Sound();
  for (const FaultyKind kind :
       {FaultyKind::kIllegalAccess, FaultyKind::kEndless, FaultyKind::kWrongResult,
        FaultyKind::kOutOfBoundsWrite, FaultyKind::kNondeterministic}) {
    kernels.push_back(Faulty(kind));
  }
  const auto report = Profile(kernels);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->kernels[0].has_measurement());
  EXPECT_TRUE(report->kernels[1].has_measurement());
  for (std::size_t i = 2; i < kernels.size(); ++i) {
    EXPECT_TRUE(report->kernels[i].has_failure()) << i;
  }
}

TEST_F(FaultsTest, CodeThatIsNoCubinIsALaunchError) {
  std::vector<v1::Kernel> kernels = Sound();
  ASSERT_EQ(kernels.size(), 2u);
  kernels[0].set_cubin("not a cubin");
  const auto report = Profile(kernels);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->kernels[0].failure().kind(), v1::FAILURE_KIND_LAUNCH_ERROR);
  EXPECT_TRUE(report->kernels[1].has_measurement());
}

// The bench worker that runs now: a child of this process.
pid_t BenchWorkerPid() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string folder = entry.path().string();
    std::string command;
    std::getline(std::ifstream(folder + "/cmdline"), command);
    if (command.find("--worker=bench") == std::string::npos) continue;
    std::string stat;
    std::getline(std::ifstream(folder + "/stat"), stat);
    // "pid (name) state parent ..."
    const std::size_t after_name = stat.rfind(')');
    if (after_name == std::string::npos) continue;
    if (std::atoi(stat.c_str() + after_name + 4) == getpid()) {
      return std::atoi(entry.path().filename().c_str());
    }
  }
  return -1;
}

// Whether there was one to send `signal_number` to.
bool SignalBenchWorker(int signal_number) {
  const pid_t worker = BenchWorkerPid();
  return worker > 0 && kill(worker, signal_number) == 0;
}

// What memory pressure, or somebody with a shell, does to a worker says nothing about a kernel.
TEST_F(FaultsTest, AWorkerLostOnceCostsNoCandidate) {
  for (const int signal_number : {SIGKILL, SIGSTOP}) {
    ProfileRequest request;
    request.problem = problem_;
    request.kernels = Sound();
    request.max_rounds = 3;
    bool done = false;
    const auto report = GpuMachine::Get().profiler().Profile(
        request, Cancellation(), [&](const v1::TuningProgress& step) {
          if (done || step.phase() != v1::TUNING_PHASE_TIMING) return;
          done = SignalBenchWorker(signal_number);
        });
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(done) << "no worker was found";
    EXPECT_FALSE(report->worker_lost);
    for (const v1::Candidate& candidate : report->kernels) {
      EXPECT_TRUE(candidate.has_measurement()) << candidate.failure().message();
    }
  }
}

TEST_F(FaultsTest, WorkersLostAgainAndAgainDeferAndCondemnNobody) {
  ProfileRequest request;
  request.problem = problem_;
  request.kernels = Sound();
  request.include_vendor = false;
  const auto report = GpuMachine::Get().profiler().Profile(
      request, Cancellation(), [](const v1::TuningProgress&) { SignalBenchWorker(SIGKILL); });
  if (!report.ok()) {
    EXPECT_TRUE(IsWorkerLost(report.status())) << report.status();
    return;
  }
  for (const v1::Candidate& candidate : report->kernels) {
    if (!candidate.has_failure()) continue;
    EXPECT_EQ(candidate.failure().kind(), v1::FAILURE_KIND_DEFERRED);
    EXPECT_TRUE(report->worker_lost);
  }
}

TEST_F(FaultsTest, ProblemsLargerThanTheGpuAreDeferred) {
  const auto huge = Canonicalize(Gemm(2000000, 2000000, 64, v1::DATA_TYPE_BF16));
  ASSERT_TRUE(huge.ok());
  ProfileRequest request;
  request.problem = *huge;
  request.kernels = Sound();
  const auto report = GpuMachine::Get().profiler().Profile(request, Cancellation(), nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  for (const v1::Candidate& candidate : report->kernels) {
    EXPECT_EQ(candidate.failure().kind(), v1::FAILURE_KIND_DEFERRED);
  }
}

}  // namespace
}  // namespace tilewright
