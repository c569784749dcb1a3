#include "tuner/model/requirements.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "tests/tuner/template/template_testing.h"

namespace tilewright {
namespace {

constexpr char kEpilogue[] =
    "epilogue { bias_mode: BIAS_MODE_PER_COLUMN bias_type: DATA_TYPE_FP32 "
    "source_mode: SOURCE_MODE_RESIDUAL aux_type: DATA_TYPE_FP32 } ";

const std::string kWithEpilogue = std::string("m: 8 n: 12 k: 8 ldc: 14 ") + kEpilogue;

struct AlignmentCase {
  const char* problem;
  int a, b, c, d, aux, bias;
};

class RequirementsTest : public testing::TestWithParam<AlignmentCase> {};

TEST_P(RequirementsTest, AreTheWidestAccessesOfTheStrides) {
  const AlignmentCase& tested = GetParam();
  const v1::Problem problem = GemmOf(tested.problem);
  const v1::Requirements requirements = RequirementsOf(problem.gemm());
  EXPECT_EQ(requirements.a_alignment(), tested.a);
  EXPECT_EQ(requirements.b_alignment(), tested.b);
  EXPECT_EQ(requirements.c_alignment(), tested.c);
  EXPECT_EQ(requirements.d_alignment(), tested.d);
  EXPECT_EQ(requirements.aux_alignment(), tested.aux);
  EXPECT_EQ(requirements.bias_alignment(), tested.bias);
  EXPECT_TRUE(RequirementsHold(requirements, problem));
}

INSTANTIATE_TEST_SUITE_P(All, RequirementsTest,
                         testing::ValuesIn(std::vector<AlignmentCase>{
                             {"m: 8 n: 8 k: 8", 16, 16, 1, 16, 1, 1},
                             {"m: 8 n: 50257 k: 768", 16, 16, 1, 2, 1, 1},
                             {"m: 8 n: 12 k: 10", 4, 4, 1, 8, 1, 1},
                             {"m: 8 n: 8 k: 8 lda: 9", 2, 16, 1, 16, 1, 1},
                             {"m: 8 n: 6 k: 8 a_type: DATA_TYPE_INT8", 8, 8, 1, 8, 1, 1},
                             {"m: 8 n: 7 k: 7 a_type: DATA_TYPE_INT8", 1, 1, 1, 4, 1, 1},
                             {"m: 8 n: 8 k: 8 batch: 2 a_batch_stride: 65", 2, 16, 1, 16, 1, 1},
                             {"m: 8 n: 8 k: 8 batch: 2 a_batch_stride: -1", 16, 16, 1, 16, 1, 1},
                             {kWithEpilogue.c_str(), 16, 16, 4, 8, 16, 4},
                         }));

TEST(RequirementsHoldTest, AWiderProblemTakesANarrowKernel) {
  const v1::Requirements narrow = RequirementsOf(GemmOf("m: 8 n: 10 k: 10").gemm());
  EXPECT_TRUE(RequirementsHold(narrow, GemmOf("m: 64 n: 64 k: 64")));
}

TEST(RequirementsHoldTest, ANarrowProblemDoesNotTakeAWideKernel) {
  const v1::Requirements wide = RequirementsOf(GemmOf("m: 8 n: 64 k: 64").gemm());
  EXPECT_FALSE(RequirementsHold(wide, GemmOf("m: 8 n: 50257 k: 64")));
  EXPECT_FALSE(RequirementsHold(wide, GemmOf("m: 8 n: 64 k: 63")));
  EXPECT_FALSE(RequirementsHold(wide, GemmOf("m: 8 n: 64 k: 64 lda: 68")));
  EXPECT_FALSE(RequirementsHold(wide, GemmOf("m: 8 n: 64 k: 64 batch: 2 b_batch_stride: 4100")));
  EXPECT_TRUE(RequirementsHold(wide, GemmOf("m: 7 n: 128 k: 128 batch: 2")));
  EXPECT_TRUE(RequirementsHold(wide, GemmOf("m: 7 n: 128 k: 128 batch: 2 b_batch_stride: -1")));
}

// A kernel that was planned for less may have smaller tiles than a grid has blocks for.
TEST(RequirementsHoldTest, WhatMayNotFitAGridTakesAKernelOfItsOwn) {
  const v1::Requirements requirements = RequirementsOf(GemmOf("m: 8 n: 8 k: 8").gemm());
  EXPECT_TRUE(RequirementsHold(requirements, GemmOf("m: 2147483640 n: 8 k: 8")));
  EXPECT_TRUE(RequirementsHold(requirements, GemmOf("m: 262144 n: 262144 k: 8")));
  EXPECT_FALSE(RequirementsHold(requirements, GemmOf("m: 1048576 n: 1048576 k: 8")));
  EXPECT_FALSE(RequirementsHold(requirements, GemmOf("m: 262144 n: 262144 k: 8 batch: 4")));
}

TEST(RequirementsHoldTest, OperandsThatAreAbsentDoNotCount) {
  v1::Requirements requirements = RequirementsOf(GemmOf("m: 8 n: 8 k: 8").gemm());
  requirements.set_c_alignment(16);
  requirements.set_aux_alignment(16);
  EXPECT_TRUE(RequirementsHold(requirements, GemmOf("m: 8 n: 8 k: 8")));
}

TEST(RequirementsHoldTest, DivisorsCount) {
  const v1::Problem problem = GemmOf("m: 30 n: 42 k: 70");
  v1::Requirements requirements;
  EXPECT_TRUE(RequirementsHold(requirements, problem));
  requirements.set_m_divisor(15);
  requirements.set_n_divisor(21);
  requirements.set_k_divisor(35);
  EXPECT_TRUE(RequirementsHold(requirements, problem));
  for (const auto set : {&v1::Requirements::set_m_divisor, &v1::Requirements::set_n_divisor,
                         &v1::Requirements::set_k_divisor}) {
    v1::Requirements stricter = requirements;
    (stricter.*set)(4);
    EXPECT_FALSE(RequirementsHold(stricter, problem));
  }
}

TEST(RequirementsHoldTest, NonsenseFromADamagedRowDoesNotDivideByZero) {
  v1::Requirements requirements;
  requirements.set_m_divisor(-1);
  requirements.set_a_alignment(-16);
  EXPECT_TRUE(RequirementsHold(requirements, GemmOf("m: 3 n: 3 k: 3")));
  EXPECT_FALSE(RequirementsHold(requirements, v1::Problem()));
}

TEST(AccessBytesTest, IsTheLargestPowerOfTwoThatDividesBothStrides) {
  EXPECT_EQ(AccessBytes(4096, 0, 1, 2), 16);
  EXPECT_EQ(AccessBytes(50257, 0, 1, 2), 2);
  EXPECT_EQ(AccessBytes(50258, 0, 1, 2), 4);
  EXPECT_EQ(AccessBytes(50260, 0, 1, 2), 8);
  EXPECT_EQ(AccessBytes(5, 0, 1, 4), 4);
  EXPECT_EQ(AccessBytes(3, 0, 1, 1), 1);
  // Where there is one batch its stride does not matter.
  EXPECT_EQ(AccessBytes(64, 65, 1, 2), 16);
  EXPECT_EQ(AccessBytes(64, 65, 2, 2), 2);
}

}  // namespace
}  // namespace tilewright
