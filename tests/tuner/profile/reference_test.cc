#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tuner/profile/reference_units.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

std::vector<ReferenceUnit> UnitsOf(const v1::GemmProblem& gemm) {
  v1::Problem problem;
  *problem.mutable_gemm() = gemm;
  return ReferenceUnits(problem);
}

std::string Source(const v1::GemmProblem& problem) {
  std::string all;
  for (const ReferenceUnit& unit : UnitsOf(problem)) all += unit.source;
  return all;
}

TEST(ReferenceTest, SourceDependsOnTheInputTypesAlone) {
  v1::GemmProblem problem;
  problem.set_a_type(v1::DATA_TYPE_BF16);
  problem.set_b_type(v1::DATA_TYPE_BF16);
  problem.set_m(1);
  const std::string source = Source(problem);
  EXPECT_THAT(source, HasSubstr("TILEWRIGHT_GEMM_REFERENCE(kBf16, kBf16)"));
  problem.set_m(4096);
  problem.set_d_type(v1::DATA_TYPE_FP32);
  EXPECT_EQ(Source(problem), source);
  problem.set_a_type(v1::DATA_TYPE_INT8);
  EXPECT_NE(Source(problem), source);
}

TEST(ReferenceTest, MasksAndGradientsOfTheBiasHaveChecksOfTheirOwn) {
  v1::GemmProblem problem;
  EXPECT_EQ(UnitsOf(problem).size(), 3u);
  problem.mutable_epilogue()->mutable_dropout()->set_store_mask(true);
  EXPECT_EQ(UnitsOf(problem).size(), 4u);
  problem.clear_epilogue();
  problem.mutable_epilogue()->set_bias_gradient(true);
  EXPECT_EQ(UnitsOf(problem).size(), 4u);
}

TEST(ReferenceTest, WithoutAProblemThereIsNothingToCheck) {
  EXPECT_TRUE(ReferenceUnits(v1::Problem()).empty());
}

}  // namespace
}  // namespace tilewright
