// A whole tuning, as the daemon runs it, in which some candidates misbehave: it succeeds, and they
// are never run again.
#include <unistd.h>

#include <filesystem>
#include <set>
#include <utility>

#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "tests/gpu/gemm_cases.h"
#include "tests/gpu/gpu_machine.h"
#include "tests/tuner/codegen/faulty_templates.h"
#include "tuner/codegen/template_library.h"
#include "tuner/search/tuner.h"
#include "tuner/store/database/sqlite_store.h"
#include "tuner/target/target.h"
#include "tuner/template/tiled_gemm/launch_plan.h"

namespace tilewright {
namespace {

constexpr FaultyKind kFaults[] = {FaultyKind::kIllegalAccess, FaultyKind::kEndless,
                                  FaultyKind::kWrongResult, FaultyKind::kOutOfBoundsWrite,
                                  FaultyKind::kNondeterministic};

// Compiles a kernel of each fault in the place of the first candidates that have one step.
class FaultInjector final : public Compiler {
 public:
  explicit FaultInjector(Compiler& compiler) : compiler_(compiler) {}

  absl::Status CompileAll(
      std::vector<CompileJob> jobs, const Cancellation& cancellation,
      std::function<void(std::size_t index, CompileOutcome outcome)> on_done) override {
    for (CompileJob& job : jobs) {
      const bool is_candidate =
          job.entry_symbols == std::vector<std::string>{std::string(kGemmEntry)};
      if (is_candidate && injected_ < std::size(kFaults)) {
        job.source = RenderFaultySource(kFaults[injected_++]);
      }
    }
    return compiler_.CompileAll(std::move(jobs), cancellation, std::move(on_done));
  }

  v1::LibraryStatus Library() override { return compiler_.Library(); }

 private:
  Compiler& compiler_;
  std::size_t injected_ = 0;
};

class TunerFaultsTest : public ::testing::Test {
 protected:
  TunerFaultsTest()
      : directory_(::testing::TempDir() + "tuner_faults_" + std::to_string(getpid())),
        injector_(GpuMachine::Get().compiler()) {
    request_.problem = *Canonicalize(Gemm(512, 384, 64, v1::DATA_TYPE_BF16));
    request_.target = GpuMachine::Get().device().target();
    v1::Environment& environment = *request_.target.mutable_environment();
    environment.set_nvrtc_version(injector_.Library().version());
    request_.device_ordinal = 0;
    request_.options.set_max_candidates(24);
    request_.options.set_skip_vendor(true);
    auto store = SqliteStore::Open(directory_);
    EXPECT_TRUE(store.ok()) << store.status();
    if (store.ok()) store_ = *std::move(store);
  }
  ~TunerFaultsTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  absl::StatusOr<TuneResult> Tune() {
    Tuner tuner(injector_, GpuMachine::Get().profiler(), *store_, index_, clock_);
    return tuner.Tune(request_, Cancellation(), [](const v1::TuningProgress&) {});
  }

  // The kinds of the candidates that are quarantined.
  std::set<v1::FailureKind> QuarantinedKinds() {
    const std::string silicon_key = SiliconKey(request_.target.silicon());
    const auto record = store_->GetTuning(EncodeProblem(request_.problem), silicon_key,
                                          EnvironmentKey(request_.target.environment()));
    EXPECT_TRUE(record.ok()) << record.status();
    std::set<v1::FailureKind> kinds;
    if (!record.ok()) return kinds;
    for (const v1::Candidate& candidate : record->candidates) {
      if (!candidate.has_failure()) continue;
      const auto kept = store_->FindQuarantined(candidate.content_hash(), silicon_key,
                                                ProblemKey(request_.problem));
      EXPECT_TRUE(kept.ok() && kept->has_value()) << candidate.DebugString();
      if (kept.ok() && kept->has_value()) kinds.insert((*kept)->kind());
    }
    return kinds;
  }

  const std::string directory_;
  FaultInjector injector_;
  std::unique_ptr<SqliteStore> store_;
  WinnerIndex index_;
  RealClock clock_;
  TuneRequest request_;
};

TEST_F(TunerFaultsTest, ATuningSurvivesEveryFaultAndQuarantinesIt) {
  ASSERT_NE(store_, nullptr);
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->winner.winner.provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_EQ(QuarantinedKinds(), (std::set<v1::FailureKind>{
                                    v1::FAILURE_KIND_LAUNCH_ERROR, v1::FAILURE_KIND_TIMEOUT,
                                    v1::FAILURE_KIND_WRONG_RESULT, v1::FAILURE_KIND_OUT_OF_BOUNDS,
                                    v1::FAILURE_KIND_NONDETERMINISTIC}));
  // The second run takes the first generation's kernels from the cache, and runs none that failed.
  const auto again = Tune();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_LT(again->compiled, result->compiled);
  EXPECT_GT(again->measured, 0);
  QuarantinedKinds();
}

}  // namespace
}  // namespace tilewright
