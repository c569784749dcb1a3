#include <string>

#include "gtest/gtest.h"
#include "tests/tuner/search/tuner_fixture.h"
#include "tuner/search/candidate_order.h"

namespace tilewright {
namespace {

class WarmStartTest : public TunerTest {
 protected:
  // Tunes with the last of twelve candidates the fastest, and returns its variant.
  std::string WinnerOfTwelve() {
    int calls = 0;
    profiler_.SetBehaviour([&](const v1::Problem&, const v1::Kernel&) -> FakeProfiler::Result {
      return ++calls == 12 ? 0.5e-3 : 1e-3;
    });
    const auto result = Tune();
    EXPECT_TRUE(result.ok()) << result.status();
    profiler_.SetBehaviour(nullptr);
    return result.ok() ? ConfigIn(result->winner.kernel.variant()) : "";
  }

  // The one variant that a tuning limited to one measures.
  std::string OnlyCandidate() {
    request_.options.set_max_candidates(1);
    EXPECT_TRUE(Tune().ok());
    const ProfileRequest request = profiler_.requests().back();
    EXPECT_EQ(request.kernels.size(), 1u);
    return ConfigIn(request.kernels.at(0).variant());
  }

  // That the model ranks first.
  std::string FirstRanked() {
    return ConfigIn(RankVariants(request_.problem, request_.target.silicon())[0].variant);
  }

 private:
  static std::string ConfigIn(const v1::Variant& variant) {
    return variant.template_name() + variant.config().SerializeAsString();
  }
};

TEST_F(WarmStartTest, TheWinnerNextDoorIsTheFirstCandidate) {
  const std::string won = WinnerOfTwelve();
  v1::Problem neighbour;
  neighbour.mutable_gemm()->set_m(5120);
  neighbour.mutable_gemm()->set_n(4096);
  neighbour.mutable_gemm()->set_k(4096);
  request_.problem = *Canonicalize(neighbour);
  EXPECT_NE(FirstRanked(), won);
  EXPECT_EQ(OnlyCandidate(), won);
}

TEST_F(WarmStartTest, AWinnerOfAnotherFamilyIsNone) {
  WinnerOfTwelve();
  request_.problem.mutable_gemm()->mutable_epilogue()->set_activation(v1::ACTIVATION_RELU);
  EXPECT_EQ(OnlyCandidate(), FirstRanked());
}

TEST_F(WarmStartTest, AVariantThatIsNotLegalIsLeftOut) {
  WinnerOfTwelve();
  std::vector<RankedVariant> ranked(2);
  ranked[0].variant.set_template_name("first");
  StartWarm(request_.problem, request_.target, index_, ranked);
  EXPECT_EQ(ranked.size(), 2u);
  EXPECT_EQ(ranked[0].variant.template_name(), "first");
}

}  // namespace
}  // namespace tilewright
