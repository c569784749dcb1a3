#include "tuner/measure/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tilewright {
namespace {

using ::testing::HasSubstr;

TEST(ReferenceTest, SourceDependsOnTheInputTypesAlone) {
  v1::GemmProblem problem;
  problem.set_a_type(v1::DATA_TYPE_BF16);
  problem.set_b_type(v1::DATA_TYPE_BF16);
  problem.set_m(1);
  const std::string source = RenderReferenceSource(problem);
  EXPECT_THAT(source, HasSubstr("TILEWRIGHT_GEMM_REFERENCE(kBf16, kBf16)"));
  problem.set_m(4096);
  problem.set_d_type(v1::DATA_TYPE_FP32);
  EXPECT_EQ(RenderReferenceSource(problem), source);
  problem.set_a_type(v1::DATA_TYPE_INT8);
  EXPECT_NE(RenderReferenceSource(problem), source);
}

}  // namespace
}  // namespace tilewright
