#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/gpu/gemm_cases.h"

namespace tilewright {
namespace {

class BatchesTest : public ::testing::TestWithParam<v1::DataType> {
 protected:
  static GemmCase Batched(const std::string& what, int64_t batch) {
    GemmCase one{absl::StrCat(ShortName(GetParam()), " ", what), Gemm(96, 80, 112, GetParam())};
    one.problem.mutable_gemm()->set_batch(batch);
    return one;
  }
};

TEST_P(BatchesTest, PackedPaddedAndInterleaved) {
  std::vector<GemmCase> cases = {Batched("packed", 5)};

  GemmCase padded = Batched("padded", 3);
  v1::GemmProblem& gemm = *padded.problem.mutable_gemm();
  gemm.set_lda(128);
  gemm.set_ldb(120);
  gemm.set_ldd(104);
  gemm.set_a_batch_stride(96 * 128 + 64);
  gemm.set_b_batch_stride(80 * 120 + 32);
  gemm.set_d_batch_stride(96 * 104 + 48);
  cases.push_back(padded);

  // Batches side by side within the rows, as heads of attention are.
  GemmCase heads = Batched("interleaved", 4);
  v1::GemmProblem& side_by_side = *heads.problem.mutable_gemm();
  side_by_side.set_lda(4 * 112);
  side_by_side.set_a_batch_stride(112);
  side_by_side.set_ldd(4 * 80);
  side_by_side.set_d_batch_stride(80);
  cases.push_back(heads);

  // Strides that admit only the narrowest access.
  GemmCase odd = Batched("odd strides", 2);
  v1::GemmProblem& narrow = *odd.problem.mutable_gemm();
  narrow.set_lda(113);
  narrow.set_ldb(115);
  narrow.set_ldd(81);
  cases.push_back(odd);
  ExpectSound(cases);
}

TEST_P(BatchesTest, SplitAlongK) {
  GemmCase one{absl::StrCat(ShortName(GetParam()), " split"), Gemm(48, 72, 2048, GetParam()), 4,
               true};
  one.problem.mutable_gemm()->set_batch(3);
  ExpectSound({one});
}

INSTANTIATE_TEST_SUITE_P(Inputs, BatchesTest,
                         ::testing::Values(v1::DATA_TYPE_FP32, v1::DATA_TYPE_BF16,
                                           v1::DATA_TYPE_INT8),
                         [](const auto& instance) { return ShortName(instance.param); });

TEST(ManyBatchesTest, MoreBatchesThanMultiprocessors) {
  GemmCase one{"many batches", Gemm(33, 40, 64, v1::DATA_TYPE_BF16), 3};
  one.problem.mutable_gemm()->set_batch(1000);
  ExpectSound({one});
}

}  // namespace
}  // namespace tilewright
