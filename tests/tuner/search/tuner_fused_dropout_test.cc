// Tuning and serving of fused dropouts, among fakes.
#include <string>

#include "tests/tuner/codegen/fused_dropout_problems.h"
#include "tests/tuner/search/tuner_fixture.h"

namespace tilewright {
namespace {

class TunerFusedDropoutTest : public TunerTest {
 protected:
  IndexHit Find(const v1::Problem& problem) {
    return index_.Find({problem, request_.target.silicon(), request_.target.environment()});
  }
};

TEST_F(TunerFusedDropoutTest, EveryFormIsTunedStoredAndServed) {
  for (const std::string& form : FusedDropoutForms()) {
    request_.problem =
        FusedDropoutOf("rows: 4096 columns: 1024 dropout { probability: 0.1 } " + form);
    const auto result = Tune();
    ASSERT_TRUE(result.ok()) << form << ": " << result.status();
    const v1::Winner& winner = result->winner.winner;
    EXPECT_EQ(winner.provenance(), v1::PROVENANCE_MEASURED);
    EXPECT_EQ(winner.candidate().variant().template_name(), "fused_dropout");
    EXPECT_EQ(winner.candidate().precision(), v1::PRECISION_FP32);
    EXPECT_EQ(winner.vendor_best_seconds(), 0);
    EXPECT_DOUBLE_EQ(winner.roofline_seconds(), MinimumBytes(request_.problem) / 3.35e12);
    const IndexHit hit = Find(request_.problem);
    ASSERT_NE(hit.winner, nullptr) << form;
    EXPECT_EQ(hit.match, v1::MATCH_EXACT);
    EXPECT_TRUE(tuner_.LoadKernel(*hit.winner).ok());
  }
}

TEST_F(TunerFusedDropoutTest, ANeighbourIsServedWhereItsRequirementsHold) {
  const std::string form =
      "operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL normalization: NORMALIZATION_LAYER_NORM "
      "dropout { probability: 0.1 } ";
  request_.problem = FusedDropoutOf(form + "rows: 4096 columns: 4096");
  ASSERT_TRUE(Tune().ok());
  const IndexHit near = Find(FusedDropoutOf(
      "operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL normalization: NORMALIZATION_LAYER_NORM "
      "dropout { probability: 0.4 } rows: 999 columns: 4088"));
  ASSERT_NE(near.winner, nullptr);
  EXPECT_EQ(near.match, v1::MATCH_NEAREST_PROBLEM);
  // Its kernel holds 4096 columns, in accesses of 16 bytes.
  EXPECT_EQ(Find(FusedDropoutOf(form + "rows: 4096 columns: 32768")).winner, nullptr);
  EXPECT_EQ(Find(FusedDropoutOf(form + "rows: 4096 columns: 4095")).winner, nullptr);
}

TEST_F(TunerFusedDropoutTest, WithoutAGpuTheModelPredicts) {
  request_.problem = FusedDropoutOf("rows: 64 columns: 64 operation: DROPOUT_OPERATION_DROPOUT");
  request_.device_ordinal = -1;
  const auto result = Tune();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->winner.winner.provenance(), v1::PROVENANCE_PREDICTED);
}

}  // namespace
}  // namespace tilewright
