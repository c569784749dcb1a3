// Problems that leave their precision to an error budget.
#include <map>

#include "gtest/gtest.h"
#include "proto/problem/gemm/precision.h"
#include "proto/support/errors.h"
#include "tests/tuner/search/tuner_fixture.h"
#include "tuner/template/registry.h"

namespace tilewright {
namespace {

// A GPU on which the less exact precisions are faster, and whose kernels have these errors.
class TunerPrecisionTest : public TunerTest {
 protected:
  TunerPrecisionTest() {
    profiler_.SetBehaviour([this](const v1::Problem& problem, const v1::Kernel& kernel) {
      return Run(problem, kernel);
    });
  }

  void Ask(v1::DataType input, double budget) {
    v1::Problem problem;
    v1::GemmProblem& gemm = *problem.mutable_gemm();
    gemm.set_m(4096);
    gemm.set_n(4096);
    gemm.set_k(4096);
    gemm.set_a_type(input);
    gemm.mutable_numerics()->set_error_budget(budget);
    request_.problem = *Canonicalize(problem);
  }

  // The precision of the winner of `input` within `budget`.
  v1::Precision WinnerOf(v1::DataType input, double budget) {
    Ask(input, budget);
    const auto result = Tune();
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->winner.winner.candidate().precision() : v1::PRECISION_UNSPECIFIED;
  }

  static FakeProfiler::Result Run(const v1::Problem& problem, const v1::Kernel& kernel) {
    struct Behaviour {
      double seconds;
      double error;
    };
    static const auto& behaviours =
        *new std::map<v1::Precision, Behaviour>{{v1::PRECISION_FP32, {4e-3, 1e-6}},
                                                {v1::PRECISION_TF32X3_PROMOTED, {1.2e-3, 5e-7}},
                                                {v1::PRECISION_TF32X3, {1e-3, 2e-5}},
                                                {v1::PRECISION_TF32, {4e-4, 7e-4}},
                                                {v1::PRECISION_FP16_SUMS, {3e-4, 5e-3}}};
    const Behaviour& behaviour = behaviours.at(PrecisionOf(problem, kernel.variant()));
    if (behaviour.error > problem.gemm().numerics().error_budget()) {
      return FakeCompiler::Failed(v1::FAILURE_KIND_OVER_ERROR_BUDGET, "too inexact");
    }
    return behaviour.seconds;
  }
};

TEST_F(TunerPrecisionTest, ABudgetPicksTheFastestPrecisionWithinIt) {
  EXPECT_EQ(WinnerOf(v1::DATA_TYPE_FP32, 1e-2), v1::PRECISION_TF32);
  EXPECT_EQ(WinnerOf(v1::DATA_TYPE_FP32, 1e-4), v1::PRECISION_TF32X3);
  EXPECT_EQ(WinnerOf(v1::DATA_TYPE_FP32, 1e-5), v1::PRECISION_TF32X3_PROMOTED);
  EXPECT_EQ(WinnerOf(v1::DATA_TYPE_FP16, 1e-2), v1::PRECISION_FP16_SUMS);
  EXPECT_EQ(WinnerOf(v1::DATA_TYPE_FP16, 1e-3), v1::PRECISION_FP32);
}

TEST_F(TunerPrecisionTest, ABudgetThatNothingKeepsIsNoWinner) {
  Ask(v1::DATA_TYPE_FP32, 1e-9);
  EXPECT_EQ(ReasonOf(Tune().status()), "NO_CANDIDATE");
}

TEST_F(TunerPrecisionTest, EveryCandidateOfTheRecordSaysItsPrecision) {
  profiler_.SetVendorSeconds({1e-2});
  Ask(v1::DATA_TYPE_FP32, 1e-4);
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  const StoredWinner& winner = result->winner;
  const auto record =
      store_.GetTuning(winner.problem_encoding, winner.silicon_key, winner.environment_key);
  ASSERT_TRUE(record.ok()) << record.status();
  std::map<v1::Precision, int> counts;
  for (const v1::Candidate& candidate : record->candidates) ++counts[candidate.precision()];
  // Eight variants by turns, the library's algorithm, which is of the types, and four more of
  // whichever precision leads.
  EXPECT_EQ(record->candidates.size(), 13u);
  for (const auto precision : {v1::PRECISION_FP32, v1::PRECISION_TF32X3_PROMOTED,
                               v1::PRECISION_TF32X3, v1::PRECISION_TF32}) {
    EXPECT_GE(counts[precision], precision == v1::PRECISION_FP32 ? 3 : 2) << precision;
  }
}

// Without a GPU the bounds decide: promoted products are proven to 2^-18 * sqrt(k).
TEST_F(TunerPrecisionTest, APredictionIsOfAPrecisionThatIsProven) {
  Ask(v1::DATA_TYPE_FP32, 1e-3);
  request_.device_ordinal = -1;
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->winner.winner.provenance(), v1::PROVENANCE_PREDICTED);
  EXPECT_EQ(result->winner.winner.candidate().precision(), v1::PRECISION_TF32X3_PROMOTED);
  Ask(v1::DATA_TYPE_FP32, 1e-6);
  EXPECT_EQ(ReasonOf(Tune().status()), "ERROR_BUDGET_NOT_PROVEN");
}

}  // namespace
}  // namespace tilewright
