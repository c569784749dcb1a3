#include <string>

#include "gtest/gtest.h"
#include "proto/problem/problem.h"
#include "tests/proto/problem/text_problem.h"

namespace tilewright {
namespace {

bool MayServe(const std::string& served, const std::string& problem) {
  const v1::Problem canonical = CanonicalProblem(served);
  return FamilyOf(canonical).MayServe(canonical, CanonicalProblem(problem));
}

bool GemmMayServe(const std::string& served, const std::string& problem) {
  return MayServe("gemm { " + served + " }", "gemm { " + problem + " }");
}

TEST(MayServeTest, IgnoresTheProbabilityOfDropoutButNotThatThereIsSome) {
  const auto dropout = [](const std::string& fields) {
    return Gemm("epilogue { dropout { " + fields + " } }");
  };
  EXPECT_TRUE(MayServe(dropout("probability: 0.1"), dropout("probability: 0.9")));
  EXPECT_FALSE(MayServe(dropout("probability: 0.1"), dropout("probability: 1e-6")));
  EXPECT_FALSE(
      MayServe(dropout("probability: 0.1"), dropout("probability: 0.1 philox_rounds: 10")));
}

TEST(MayServeTest, IgnoresShapeAndStridesOnly) {
  const std::string base = "m: 64 n: 32 k: 16";
  EXPECT_TRUE(GemmMayServe(base, "m: 8 n: 9 k: 10 batch: 2 lda: 99"));
  EXPECT_FALSE(GemmMayServe(base, base + " a_type: DATA_TYPE_FP16"));
  EXPECT_FALSE(GemmMayServe(base, base + " epilogue { activation: ACTIVATION_RELU }"));
}

// Only kernels of versions that know broadcasts, and extents near 2^31, were handed out for them.
TEST(MayServeTest, AKernelServesWhatItWasGotFor) {
  const std::string plain = "m: 64 n: 32 k: 16 batch: 2";
  const std::string shared = plain + " a_batch_stride: -1";
  EXPECT_FALSE(GemmMayServe(plain, shared));
  EXPECT_TRUE(GemmMayServe(shared, plain));
  EXPECT_TRUE(GemmMayServe(shared, "m: 8 n: 32 k: 16 a_batch_stride: -1"));
  EXPECT_FALSE(GemmMayServe(shared, plain + " b_batch_stride: -1"));
  EXPECT_FALSE(GemmMayServe(plain, "m: 8 n: 8 k: 2147483640"));
  EXPECT_TRUE(GemmMayServe("m: 8 n: 8 k: 2147483640", "m: 16 n: 8 k: 2147483600"));
}

TEST(MayServeTest, FormsOfAFusedDropoutAreApart) {
  const auto serves = [](const std::string& served, const std::string& problem) {
    const std::string form = "fused_dropout { operation: DROPOUT_OPERATION_DROPOUT ";
    return MayServe(form + served + " }", form + problem + " }");
  };
  EXPECT_TRUE(serves("rows: 4 columns: 8", "rows: 5 columns: 9 x_stride: 16"));
  EXPECT_TRUE(serves("rows: 4 columns: 8 dropout { probability: 0.1 }",
                     "rows: 4 columns: 8 dropout { probability: 0.9 }"));
  EXPECT_FALSE(serves("rows: 4 columns: 8", "rows: 4 columns: 8 dropout { probability: 0.9 }"));
  EXPECT_FALSE(serves("rows: 4 columns: 8", "rows: 4 columns: 8 backward: true"));
}

}  // namespace
}  // namespace tilewright
