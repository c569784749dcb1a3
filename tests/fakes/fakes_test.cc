// The fakes keep the contracts of the interfaces they stand for.
#include <string>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_compiler.h"
#include "tests/fakes/fake_profiler.h"

namespace tilewright {
namespace {

TEST(FakeClockTest, MovesOnlyWhenTold) {
  FakeClock clock;
  const absl::Time start = clock.Now();
  const SteadyTime steady = clock.SteadyNow();
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(absl::Seconds(3));
  EXPECT_EQ(clock.Now(), start + absl::Seconds(3));
  clock.StepWallClock(absl::Hours(2));
  EXPECT_EQ(clock.Now(), start + absl::Seconds(3) + absl::Hours(2));
  EXPECT_EQ(clock.SteadyNow(), steady + absl::Seconds(3));
}

TEST(FakeCompilerTest, EqualSourcesGiveEqualCodeWithEveryEntry) {
  FakeCompiler compiler;
  std::vector<CompiledCode> codes;
  const std::vector<CompileJob> jobs = {
      {"one", "sm_90a", {"entry"}}, {"one", "sm_90a", {"entry"}}, {"two", "sm_90a", {"entry"}}};
  ASSERT_TRUE(compiler
                  .CompileAll(jobs, Cancellation(),
                              [&](std::size_t index, CompileOutcome outcome) {
                                EXPECT_EQ(index, codes.size());
                                codes.push_back(std::get<CompiledCode>(outcome));
                              })
                  .ok());
  ASSERT_EQ(codes.size(), 3u);
  EXPECT_EQ(codes[0].cubin, codes[1].cubin);
  EXPECT_NE(codes[0].cubin, codes[2].cubin);
  ASSERT_EQ(codes[0].entries.size(), 1u);
  EXPECT_EQ(codes[0].entries[0].entry_symbol, "entry");
  EXPECT_EQ(compiler.jobs().size(), 3u);
}

TEST(FakeCompilerTest, StopsWhenCancelledAndSaysWhenThereIsNoNvrtc) {
  FakeCompiler compiler;
  Cancellation cancellation;
  int calls = 0;
  const absl::Status cancelled = compiler.CompileAll(
      {{"a", "sm_80", {}}, {"b", "sm_80", {}}}, cancellation, [&](std::size_t, CompileOutcome) {
        ++calls;
        cancellation.Cancel();
      });
  EXPECT_TRUE(absl::IsCancelled(cancelled));
  EXPECT_EQ(calls, 1);
  compiler.SetNvrtcMissing(true);
  const absl::Status missing =
      compiler.CompileAll({{"a", "sm_80", {}}}, Cancellation(), [](std::size_t, CompileOutcome) {});
  EXPECT_EQ(ReasonOf(missing), "NVRTC_NOT_FOUND");
}

TEST(FakeProfilerTest, AnswersInTheRequestsOrder) {
  FakeProfiler profiler;
  profiler.SetVendorSeconds({3e-3, 2e-3});
  profiler.SetBehaviour([](const v1::Problem&, const v1::Kernel& kernel) -> FakeProfiler::Result {
    if (kernel.content_hash() == "bad") {
      return FakeCompiler::Failed(v1::FAILURE_KIND_WRONG_RESULT, "told to fail");
    }
    return 5e-3;
  });
  ProfileRequest request;
  request.kernels.resize(2);
  request.kernels[0].set_content_hash("bad");
  request.kernels[1].set_content_hash("good");
  int steps = 0;
  const auto report =
      profiler.Profile(request, Cancellation(), [&](const v1::TuningProgress&) { ++steps; });
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(steps, 2);
  ASSERT_EQ(report->kernels.size(), 2u);
  EXPECT_EQ(report->kernels[0].failure().kind(), v1::FAILURE_KIND_WRONG_RESULT);
  EXPECT_EQ(report->kernels[1].measurement().median_seconds(), 5e-3);
  ASSERT_EQ(report->vendors.size(), 2u);
  EXPECT_EQ(report->vendors[1].vendor().heuristic_rank(), 1);
}

}  // namespace
}  // namespace tilewright
