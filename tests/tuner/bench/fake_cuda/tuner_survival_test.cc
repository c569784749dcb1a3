// A whole tuning over the real profiler, bench worker and store, in which some candidates
// misbehave. On real kernels it is tests/gpu/tuner_faults_test.cc.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "proto/problem/problem.h"
#include "tests/fakes/fake_compiler.h"
#include "tuner/profile/bench_profiler.h"
#include "tuner/search/tuner.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/target/target.h"
#include "tuner/template/tiled_gemm/launch_plan.h"

namespace tilewright {
namespace {

// What the driver of these tests makes of a cubin with such a text.
const std::map<std::string, v1::FailureKind> kFaults = {
    {"illegal", v1::FAILURE_KIND_LAUNCH_ERROR},
    {"endless", v1::FAILURE_KIND_TIMEOUT},
    {"wrong", v1::FAILURE_KIND_WRONG_RESULT},
    {"writes_input", v1::FAILURE_KIND_OUT_OF_BOUNDS},
    {"nondeterministic", v1::FAILURE_KIND_NONDETERMINISTIC},
};

// The faults take the place of the first candidates that have one step.
CompileOutcome Inject(const CompileJob& job, std::size_t& injected) {
  CompiledCode code = FakeCompiler::CodeFor(job);
  const bool is_candidate = job.entry_symbols == std::vector<std::string>{std::string(kGemmEntry)};
  if (is_candidate && injected < kFaults.size()) {
    auto fault = kFaults.begin();
    std::advance(fault, injected++);
    code.cubin = fault->first;
  }
  return code;
}

TEST(TunerSurvivalTest, ATuningSurvivesEveryFaultAndQuarantinesIt) {
  const std::string directory = ::testing::TempDir() + "tuner_survival_" + std::to_string(getpid());
  const auto store = SqliteStore::Open(directory);
  ASSERT_TRUE(store.ok()) << store.status();
  std::size_t injected = 0;
  FakeCompiler compiler;
  compiler.SetBehaviour([&](const CompileJob& job) { return Inject(job, injected); });
  BenchProfiler::Options options;
  // The second shape takes the fake device, which is a core of this machine, some 100 ms.
  options.watchdog = absl::Seconds(3);
  const auto profiler = BenchProfiler::Create(options, compiler);
  WinnerIndex index;
  RealClock clock;
  Tuner tuner(compiler, **profiler, **store, index, clock);

  TuneRequest request;
  v1::Problem problem;
  problem.mutable_gemm()->set_m(64);
  problem.mutable_gemm()->set_n(48);
  problem.mutable_gemm()->set_k(32);
  request.problem = *Canonicalize(problem);
  request.target = (*profiler)->Devices().at(0).target();
  request.target.mutable_environment()->set_nvrtc_version("13.0");
  request.device_ordinal = 0;
  request.options.set_max_candidates(24);
  request.options.set_skip_vendor(true);
  const auto result = tuner.Tune(request, Cancellation(), [](const v1::TuningProgress&) {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->winner.winner.provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_EQ(injected, kFaults.size());

  const std::string silicon_key = SiliconKey(request.target.silicon());
  for (const auto& [cubin, kind] : kFaults) {
    const auto quarantined =
        (*store)->FindQuarantined(Sha256(cubin), silicon_key, ProblemKey(request.problem));
    ASSERT_TRUE(quarantined.ok() && quarantined->has_value()) << cubin;
    EXPECT_EQ((*quarantined)->kind(), kind) << cubin << ": " << (*quarantined)->message();
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace tilewright
