// Compiling and measuring at the same time, and where the search goes on.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tests/tuner/search/tuner_fixture.h"

namespace tilewright {
namespace {

class SearchTest : public TunerTest {
 protected:
  int64_t Value(const v1::Variant& variant, const std::string& name) {
    for (const v1::Parameter& parameter : variant.config().parameters()) {
      if (parameter.name() == name) return parameter.value();
    }
    return 0;
  }

  // Whether they differ in nothing but the order of their tiles, or mirror each other.
  bool HasShapeOf(const v1::Candidate& one, const v1::Candidate& other) {
    const auto shape = [this](const v1::Candidate& candidate) {
      const v1::Variant& variant = candidate.variant();
      const int64_t m = Value(variant, "tile_m");
      const int64_t n = Value(variant, "tile_n");
      return Value(variant, "swap_ab") != 0
                 ? std::vector{n, m, Value(variant, "ping_pong"), Value(variant, "cluster_n")}
                 : std::vector{m, n, Value(variant, "ping_pong"), Value(variant, "cluster_m")};
    };
    return shape(one) == shape(other);
  }
};

// The GPU used to wait until the last kernel was compiled.
TEST_F(SearchTest, KernelsAreMeasuredWhileOthersCompile) {
  request_.options.set_max_candidates(48);
  absl::Notification measured;
  int compiled = 0;
  compiler_.SetBehaviour([&](const CompileJob& job) -> CompileOutcome {
    if (++compiled == 2) {
      EXPECT_TRUE(measured.WaitForNotificationWithTimeout(absl::Seconds(30)));
    }
    return FakeCompiler::CodeFor(job);
  });
  profiler_.SetBehaviour([&](const v1::Problem&, const v1::Kernel&) -> FakeProfiler::Result {
    if (!measured.HasBeenNotified()) measured.Notify();
    return 1e-3;
  });
  ASSERT_TRUE(Tune().ok());
  EXPECT_GT(compiled, 2);
}

TEST_F(SearchTest, TheSearchGoesOnAroundTheFastest) {
  request_.options.set_max_candidates(48);
  profiler_.SetBehaviour([&](const v1::Problem&, const v1::Kernel& kernel) -> FakeProfiler::Result {
    return 1e-3 / static_cast<double>(1 + Value(kernel.variant(), "tile_n"));
  });
  ASSERT_TRUE(Tune().ok());
  const std::vector<v1::Candidate> candidates = Candidates();
  ASSERT_EQ(candidates.size(), 48u);
  const auto seconds = [](const v1::Candidate& candidate) {
    return candidate.measurement().median_seconds();
  };
  const auto fastest =
      std::min_element(candidates.begin(), candidates.begin() + 32,
                       [&](const auto& a, const auto& b) { return seconds(a) < seconds(b); });
  // Orders of its shape that the first generation left out; by the model they would come last.
  EXPECT_GE(std::count_if(candidates.begin() + 32, candidates.end(),
                          [&](const v1::Candidate& one) { return HasShapeOf(one, *fastest); }),
            2);
}

TEST_F(SearchTest, NothingIsTriedTwice) {
  request_.options.set_max_candidates(200);
  ASSERT_TRUE(Tune().ok());
  std::set<std::string> tried;
  for (const v1::Candidate& candidate : Candidates()) {
    EXPECT_TRUE(tried.insert(candidate.variant().SerializeAsString()).second);
  }
  EXPECT_EQ(tried.size(), 200u);
}

TEST_F(SearchTest, TheTrajectoryNamesEveryLeader) {
  request_.options.set_max_candidates(4);
  int calls = 0;
  profiler_.SetBehaviour([&](const v1::Problem&, const v1::Kernel&) -> FakeProfiler::Result {
    return calls++ == 2 ? 0.5e-3 : 1e-3;
  });
  ASSERT_TRUE(Tune().ok());
  const std::vector<v1::Candidate> candidates = Candidates();
  ASSERT_EQ(candidates.size(), 4u);
  EXPECT_EQ(candidates[0].lead_seconds_size(), 1);
  EXPECT_EQ(candidates[1].lead_seconds_size(), 0);
  ASSERT_EQ(candidates[2].lead_seconds_size(), 1);
  EXPECT_GT(candidates[2].lead_seconds(0), candidates[0].lead_seconds(0));
}

TEST_F(SearchTest, AGpuThatIsGoneEndsTheCompiling) {
  absl::Notification never;
  compiler_.SetGate(&never);
  profiler_.SetError(MakeError(absl::StatusCode::kUnavailable, "GPU_UNAVAILABLE", "it is gone"));
  EXPECT_EQ(ReasonOf(Tune().status()), "GPU_UNAVAILABLE");
}

TEST_F(SearchTest, NoKernelIsHandedOutAfterTheCompileBudget) {
  request_.options.set_max_candidates(48);
  request_.options.mutable_budget()->set_seconds(100);
  profiler_.SetBehaviour([&](const v1::Problem&, const v1::Kernel&) -> FakeProfiler::Result {
    clock_.Advance(absl::Seconds(2));
    return 1e-3;
  });
  ASSERT_TRUE(Tune().ok());
  EXPECT_EQ(Candidates().size(), 32u) << "the second generation began after half of the budget";
}

}  // namespace
}  // namespace tilewright
