// The client fills defaults by itself, as it must not know the tuner; here the two are held
// against each other.
#include "client/cpp/fused_dropout_defaults.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/tuner/codegen/fused_dropout_problems.h"

namespace tilewright {
namespace {

v1::FusedDropoutProblem Parse(const std::string& text) {
  v1::FusedDropoutProblem problem;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &problem)) << text;
  return problem;
}

TEST(FusedDropoutDefaultsTest, AgreeWithTheCanonicalProblem) {
  std::vector<std::string> problems = FusedDropoutForms();
  for (const char* dropout : {"dropout { probability: 0.1 }", "dropout { probability: 1e-6 }",
                              "dropout { probability: 0.5 philox_rounds: 10 store_mask: true }"}) {
    problems.push_back(std::string("operation: DROPOUT_OPERATION_DROPOUT ") + dropout);
  }
  problems.push_back(
      "operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL normalization: NORMALIZATION_LAYER_NORM "
      "type: DATA_TYPE_FP16 residual_type: DATA_TYPE_FP32 x_stride: 64 residual_stride: 96 "
      "store_pre_norm: true store_statistics: true");
  problems.push_back(
      "operation: DROPOUT_OPERATION_BIAS_DROPOUT_RESIDUAL backward: true residual_stride: 96");
  for (const std::string& fields : problems) {
    const std::string text = "rows: 64 columns: 48 " + fields;
    std::string differences;
    google::protobuf::util::MessageDifferencer compare;
    compare.ReportDifferencesToString(&differences);
    EXPECT_TRUE(compare.Compare(FusedDropoutOf(text).fused_dropout(), WithDefaults(Parse(text))))
        << text << "\n"
        << differences;
  }
}

TEST(FusedDropoutDefaultsTest, FamiliesAreThoseOfTheTuner) {
  const std::string form = "operation: DROPOUT_OPERATION_DROPOUT ";
  const auto same = [&](const std::string& a, const std::string& b) {
    const v1::Problem one = FusedDropoutOf(form + a);
    const v1::Problem other = FusedDropoutOf(form + b);
    const bool family = SameFamily(one.fused_dropout(), other.fused_dropout());
    EXPECT_EQ(family, ProblemFamilyKey(one) == ProblemFamilyKey(other)) << a << " | " << b;
    return family;
  };
  EXPECT_TRUE(same("rows: 4 columns: 8", "rows: 5 columns: 9 x_stride: 16"));
  EXPECT_TRUE(same("rows: 4 columns: 8 dropout { probability: 0.1 }",
                   "rows: 4 columns: 8 dropout { probability: 0.9 }"));
  EXPECT_FALSE(same("rows: 4 columns: 8", "rows: 4 columns: 8 dropout { probability: 0.9 }"));
  EXPECT_FALSE(same("rows: 4 columns: 8", "rows: 4 columns: 8 backward: true"));
}

}  // namespace
}  // namespace tilewright
