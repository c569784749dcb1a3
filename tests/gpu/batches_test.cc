#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/gpu/gemm_cases.h"

namespace tilewright {
namespace {

constexpr v1::DataType kInputs[] = {v1::DATA_TYPE_FP32, v1::DATA_TYPE_BF16, v1::DATA_TYPE_INT8};

GemmCase Batched(v1::DataType input, const std::string& what, int64_t batch) {
  GemmCase one{absl::StrCat(ShortName(input), " ", what), Gemm(96, 80, 112, input)};
  one.problem.mutable_gemm()->set_batch(batch);
  return one;
}

GemmCase Padded(v1::DataType input) {
  GemmCase one = Batched(input, "padded", 3);
  v1::GemmProblem& gemm = *one.problem.mutable_gemm();
  gemm.set_lda(128);
  gemm.set_ldb(120);
  gemm.set_ldd(104);
  gemm.set_a_batch_stride(96 * 128 + 64);
  gemm.set_b_batch_stride(80 * 120 + 32);
  gemm.set_d_batch_stride(96 * 104 + 48);
  return one;
}

// Batches side by side within the rows, as heads of attention are.
GemmCase Interleaved(v1::DataType input) {
  GemmCase one = Batched(input, "interleaved", 4);
  v1::GemmProblem& gemm = *one.problem.mutable_gemm();
  gemm.set_lda(4 * 112);
  gemm.set_a_batch_stride(112);
  gemm.set_ldd(4 * 80);
  gemm.set_d_batch_stride(80);
  return one;
}

// Strides that admit only the narrowest access.
GemmCase OddStrides(v1::DataType input) {
  GemmCase one = Batched(input, "odd strides", 2);
  v1::GemmProblem& gemm = *one.problem.mutable_gemm();
  gemm.set_lda(113);
  gemm.set_ldb(115);
  gemm.set_ldd(81);
  return one;
}

TEST(BatchesTest, PackedPaddedInterleavedAndOdd) {
  std::vector<GemmCase> cases;
  for (const v1::DataType input : kInputs) {
    cases.push_back(Batched(input, "packed", 5));
    cases.push_back(Padded(input));
    cases.push_back(Interleaved(input));
    cases.push_back(OddStrides(input));
  }
  ExpectSound(cases);
}

TEST(BatchesTest, SplitAlongK) {
  std::vector<GemmCase> cases;
  for (const v1::DataType input : kInputs) {
    GemmCase one{absl::StrCat(ShortName(input), " split"), Gemm(48, 72, 2048, input), 4, true};
    one.problem.mutable_gemm()->set_batch(3);
    cases.push_back(one);
  }
  ExpectSound(cases);
}

TEST(BatchesTest, MoreBatchesThanMultiprocessors) {
  GemmCase one{"many batches", Gemm(33, 40, 64, v1::DATA_TYPE_BF16), 3};
  one.problem.mutable_gemm()->set_batch(1000);
  ExpectSound({one});
}

// Rows begin at 16 bytes and end anywhere: what lies between them is not D's. TMA once wrote it.
TEST(BatchesTest, PaddedRowsThatEndAnywhere) {
  std::vector<GemmCase> cases;
  for (const v1::DataType input : {v1::DATA_TYPE_BF16, v1::DATA_TYPE_TF32, v1::DATA_TYPE_E4M3}) {
    for (const int64_t n : {249, 250, 253, 255}) {
      GemmCase one{absl::StrCat(ShortName(input), " n=", n), Gemm(256, n, 253, input), 8};
      v1::GemmProblem& gemm = *one.problem.mutable_gemm();
      gemm.set_lda(256);
      gemm.set_ldb(256);
      gemm.set_ldd(256);
      cases.push_back(one);
      one.name += " with aux";
      if (input != v1::DATA_TYPE_BF16) continue;
      gemm.set_ld_aux(256);
      gemm.mutable_epilogue()->set_aux_type(input);
      cases.push_back(one);
    }
  }
  ExpectSound(cases);
}

}  // namespace
}  // namespace tilewright
