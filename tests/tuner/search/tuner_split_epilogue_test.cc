// Problems whose epilogue may be fused with the GEMM or split from it.
#include <string>

#include "gtest/gtest.h"
#include "tests/tuner/search/tuner_fixture.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

class TunerSplitEpilogueTest : public TunerTest {
 protected:
  TunerSplitEpilogueTest() {
    v1::Problem problem = request_.problem;
    v1::Epilogue& epilogue = *problem.mutable_gemm()->mutable_epilogue();
    epilogue.set_activation(v1::ACTIVATION_GELU_ERF);
    epilogue.mutable_dropout()->set_probability(0.1);
    request_.problem = *Canonicalize(problem);
  }

  // Whether the winner's epilogue is split, on a GPU where it takes `split` and fused ones `fused`
  // seconds.
  bool WinnerIsSplit(double fused, double split) {
    profiler_.SetBehaviour([=](const v1::Problem&, const v1::Kernel& kernel) {
      return FakeProfiler::Result(SplitsEpilogue(kernel.variant()) ? split : fused);
    });
    const auto result = Tune();
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() && SplitsEpilogue(result->winner.kernel.variant());
  }
};

TEST_F(TunerSplitEpilogueTest, TheFasterFormWins) {
  EXPECT_TRUE(WinnerIsSplit(2e-4, 1e-4));
  EXPECT_FALSE(WinnerIsSplit(1e-4, 2e-4));
}

// With or without a GPU: what explain compares.
TEST_F(TunerSplitEpilogueTest, BothFormsAreTried) {
  request_.options.set_max_candidates(0);
  for (const int device : {-1, 0}) {
    request_.device_ordinal = device;
    ASSERT_TRUE(Tune().ok());
    int tried[2] = {};
    for (const v1::Candidate& candidate : Candidates()) {
      EXPECT_EQ(candidate.has_measurement(), device == 0);
      EXPECT_EQ(candidate.splits_epilogue(), SplitsEpilogue(candidate.variant()));
      ++tried[candidate.splits_epilogue()];
    }
    EXPECT_GT(tried[0], 0) << "device " << device;
    EXPECT_GT(tried[1], 0) << "device " << device;
  }
}

// What a client launches is both launches.
TEST_F(TunerSplitEpilogueTest, ASplitWinnerHasBothSteps) {
  ASSERT_TRUE(WinnerIsSplit(2e-4, 1e-4));
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  const v1::LaunchPlan& plan = result->winner.kernel.launch_plan();
  ASSERT_EQ(plan.steps_size(), 2);
  EXPECT_EQ(plan.steps(1).entry_symbol(), "tilewright_split_epilogue");
}

// Without a GPU the model decides, and it knows what a way to memory and back costs.
TEST_F(TunerSplitEpilogueTest, APredictionIsFused) {
  request_.device_ordinal = -1;
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(SplitsEpilogue(result->winner.kernel.variant()));
}

}  // namespace
}  // namespace tilewright
