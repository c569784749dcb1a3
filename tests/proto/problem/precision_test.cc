#include "proto/problem/gemm/precision.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/proto/problem/text_problem.h"

namespace tilewright {
namespace {

using testing::ElementsAre;

constexpr char kBudget[] = " numerics { error_budget: 0.001 }";

v1::GemmProblem Canonical(const std::string& fields) {
  return CanonicalProblem(Gemm(fields)).gemm();
}

std::vector<v1::Precision> Admissible(const std::string& fields) {
  return AdmissiblePrecisions(Canonical(fields));
}

TEST(PrecisionTest, WithoutABudgetTheTypesDecide) {
  EXPECT_THAT(Admissible("a_type: DATA_TYPE_FP32"), ElementsAre(v1::PRECISION_FP32));
  EXPECT_THAT(Admissible("a_type: DATA_TYPE_TF32"), ElementsAre(v1::PRECISION_TF32));
  EXPECT_THAT(Admissible("a_type: DATA_TYPE_BF16"), ElementsAre(v1::PRECISION_FP32));
  EXPECT_THAT(Admissible("a_type: DATA_TYPE_FP16"), ElementsAre(v1::PRECISION_FP32));
  EXPECT_THAT(Admissible("a_type: DATA_TYPE_FP16 accumulator_type: DATA_TYPE_FP16"),
              ElementsAre(v1::PRECISION_FP16_SUMS));
  EXPECT_THAT(Admissible("a_type: DATA_TYPE_INT8"), ElementsAre(v1::PRECISION_INT32));
  EXPECT_THAT(Admissible("a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16"),
              ElementsAre(v1::PRECISION_FP8_FAST));
  EXPECT_THAT(Admissible("a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 "
                         "numerics { promote_accumulation: true }"),
              ElementsAre(v1::PRECISION_FP8_PROMOTED));
}

TEST(PrecisionTest, ABudgetAdmitsAllThatTheInputsDo) {
  EXPECT_THAT(Admissible(std::string("a_type: DATA_TYPE_FP32") + kBudget),
              ElementsAre(v1::PRECISION_FP32, v1::PRECISION_TF32X3_PROMOTED, v1::PRECISION_TF32X3,
                          v1::PRECISION_TF32));
  EXPECT_THAT(Admissible(std::string("a_type: DATA_TYPE_FP16") + kBudget),
              ElementsAre(v1::PRECISION_FP32, v1::PRECISION_FP16_SUMS));
  EXPECT_THAT(Admissible(std::string("a_type: DATA_TYPE_E5M2 d_type: DATA_TYPE_FP16") + kBudget),
              ElementsAre(v1::PRECISION_FP8_PROMOTED, v1::PRECISION_FP8_FAST));
  for (const char* type : {"TF32", "BF16", "INT8"}) {
    EXPECT_EQ(Admissible(std::string("a_type: DATA_TYPE_") + type + kBudget).size(), 1u) << type;
  }
}

TEST(PrecisionTest, ATypeOfTheSumsInsists) {
  EXPECT_THAT(
      Admissible(std::string("a_type: DATA_TYPE_FP32 accumulator_type: DATA_TYPE_FP32") + kBudget),
      ElementsAre(v1::PRECISION_FP32));
  EXPECT_THAT(
      Admissible(std::string("a_type: DATA_TYPE_FP16 accumulator_type: DATA_TYPE_FP16") + kBudget),
      ElementsAre(v1::PRECISION_FP16_SUMS));
  EXPECT_THAT(Admissible("a_type: DATA_TYPE_E4M3 d_type: DATA_TYPE_BF16 "
                         "numerics { promote_accumulation: true error_budget: 0.01 }"),
              ElementsAre(v1::PRECISION_FP8_PROMOTED));
}

// What is left open says so in the canonical form; where nothing is open both spellings are one.
TEST(PrecisionTest, OnlyOpenProblemsKeepTheirSumsOpen) {
  const auto sums = [](const std::string& fields) { return Canonical(fields).accumulator_type(); };
  EXPECT_EQ(sums(std::string("a_type: DATA_TYPE_FP32") + kBudget), v1::DATA_TYPE_UNSPECIFIED);
  EXPECT_EQ(sums("a_type: DATA_TYPE_FP32"), v1::DATA_TYPE_FP32);
  EXPECT_EQ(sums(kBudget), v1::DATA_TYPE_FP32);
  const auto key = [](const std::string& fields) {
    return ProblemKey(CanonicalProblem(Gemm(fields + kBudget)));
  };
  EXPECT_EQ(key(""), key("accumulator_type: DATA_TYPE_FP32"));
  EXPECT_NE(key("a_type: DATA_TYPE_FP32"),
            key("a_type: DATA_TYPE_FP32 accumulator_type: DATA_TYPE_FP32"));
  EXPECT_NE(key("a_type: DATA_TYPE_FP16"),
            key("a_type: DATA_TYPE_FP16 accumulator_type: DATA_TYPE_FP16"));
}

TEST(PrecisionTest, AVendorsAlgorithmHasWhatItStatesOrTheTypes) {
  const v1::GemmProblem problem = Canonical(std::string("a_type: DATA_TYPE_FP32") + kBudget);
  v1::VendorKernel algorithm;
  EXPECT_EQ(PrecisionOf(problem, algorithm), v1::PRECISION_FP32);
  algorithm.set_precision(v1::PRECISION_TF32);
  EXPECT_EQ(PrecisionOf(problem, algorithm), v1::PRECISION_TF32);
}

}  // namespace
}  // namespace tilewright
