// Fused-dropout problems: their canonical form, keys, summaries and bytes.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/proto/problem/text_problem.h"
#include "tests/tuner/codegen/fused_dropout_problems.h"

namespace tilewright {
namespace {

constexpr char kResidual[] =
    "rows: 64 columns: 48 operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL ";

TEST(FusedDropoutProblemTest, DefaultsAreFilledIn) {
  const v1::Problem canonical = FusedDropoutOf(
      std::string(kResidual) +
      "normalization: NORMALIZATION_LAYER_NORM store_pre_norm: true dropout { probability: 0.1 }");
  const v1::Problem expected = ParseProblem(
      "fused_dropout { rows: 64 columns: 48 operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL "
      "activation: ACTIVATION_NONE normalization: NORMALIZATION_LAYER_NORM "
      "type: DATA_TYPE_BF16 bias_type: DATA_TYPE_BF16 residual_type: DATA_TYPE_BF16 "
      "weight_type: DATA_TYPE_BF16 x_stride: 48 residual_stride: 48 y_stride: 48 "
      "pre_norm_stride: 48 store_pre_norm: true "
      "dropout { probability: 0.100006103515625 philox_rounds: 7 } "
      "numerics { determinism: DETERMINISM_MODE_REQUIRED } }");
  EXPECT_EQ(canonical.DebugString(), expected.DebugString());
  EXPECT_EQ(Canonicalize(canonical)->DebugString(), canonical.DebugString());
}

TEST(FusedDropoutProblemTest, WhatDropsNothingIsNoDropout) {
  EXPECT_EQ(ProblemKey(FusedDropoutOf(kResidual)),
            ProblemKey(FusedDropoutOf(std::string(kResidual) + "dropout { probability: 1e-6 }")));
}

// Without a normalization the backward form has no tensor that lies as the residual does.
TEST(FusedDropoutProblemTest, StridesOfAbsentTensorsAreCleared) {
  const v1::Problem backward =
      FusedDropoutOf(std::string(kResidual) + "backward: true residual_stride: 64");
  EXPECT_EQ(backward.fused_dropout().residual_stride(), 0);
  EXPECT_EQ(ProblemKey(backward),
            ProblemKey(FusedDropoutOf(std::string(kResidual) + "backward: true")));
}

TEST(FusedDropoutProblemTest, ShapesStridesAndProbabilitiesShareAFamily) {
  const v1::Problem one = FusedDropoutOf(std::string(kResidual) + "dropout { probability: 0.1 }");
  const v1::Problem other = FusedDropoutOf(
      "rows: 9 columns: 1024 x_stride: 2048 operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL "
      "dropout { probability: 0.5 }");
  EXPECT_NE(ProblemKey(one), ProblemKey(other));
  EXPECT_EQ(ShapelessKey(one), ShapelessKey(other));
  EXPECT_NE(ShapelessKey(one), ShapelessKey(FusedDropoutOf(kResidual)));
  EXPECT_NE(ShapelessKey(one),
            ShapelessKey(FusedDropoutOf(std::string(kResidual) +
                                        "dropout { probability: 0.1 philox_rounds: 10 }")));
}

TEST(FusedDropoutProblemTest, EveryFormHasItsOwnFamilyAndSummary) {
  std::set<std::string> families;
  std::set<std::string> summaries;
  for (const std::string& form : FusedDropoutForms()) {
    const v1::Problem problem = FusedDropoutOf("rows: 8 columns: 8 " + form);
    families.insert(ShapelessKey(problem));
    summaries.insert(DescribeProblem(problem));
  }
  EXPECT_EQ(families.size(), FusedDropoutForms().size());
  EXPECT_EQ(summaries.size(), FusedDropoutForms().size());
  EXPECT_EQ(DescribeProblem(FusedDropoutOf(
                "rows: 8 columns: 16 operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL "
                "normalization: NORMALIZATION_RMS_NORM weight_type: DATA_TYPE_FP32 backward: true "
                "dropout { probability: 0.5 } x_stride: 32")),
            "dropout bf16 rows=8 columns=16 p=0.5 x_stride=32 bias residual rms_norm(fp32) "
            "backward");
  EXPECT_EQ(
      DescribeProblem(FusedDropoutOf("rows: 8 columns: 16 operation: DROPOUT_OPERATION_DROPOUT "
                                     "numerics { determinism: "
                                     "DETERMINISM_MODE_NOT_REQUIRED }")),
      "dropout bf16 rows=8 columns=16 nondeterministic");
}

TEST(FusedDropoutProblemTest, NeededBytesCountEachTensorOnce) {
  const double elements = 64.0 * 48.0;
  EXPECT_EQ(FloatingPointOperations(FusedDropoutOf(kResidual)), 0);
  // x, residual and y; the bias.
  EXPECT_EQ(MinimumBytes(FusedDropoutOf(kResidual)), 3 * 2 * elements + 2 * 48);
  // dy and dx; the gradient of the bias in fp32. The mask can be computed again.
  EXPECT_EQ(
      MinimumBytes(FusedDropoutOf(std::string(kResidual) +
                                  "backward: true dropout { probability: 0.1 store_mask: true }")),
      2 * 2 * elements + 4 * 48);
  // The forward form has to write it: 6 bytes a row.
  EXPECT_EQ(MinimumBytes(FusedDropoutOf(std::string(kResidual) +
                                        "dropout { probability: 0.1 store_mask: true }")),
            3 * 2 * elements + 2 * 48 + 64 * 6);
}

}  // namespace
}  // namespace tilewright
