#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/gpu/gemm_cases.h"

namespace tilewright {
namespace {

TEST(TypesTest, EveryPairOfInputAndOutput) {
  const std::pair<v1::DataType, v1::DataType> pairs[] = {
      {v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32},  {v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP32},
      {v1::DATA_TYPE_TF32, v1::DATA_TYPE_BF16},  {v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16},
      {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32},  {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16},
      {v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP16},  {v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP32},
      {v1::DATA_TYPE_INT8, v1::DATA_TYPE_INT32}, {v1::DATA_TYPE_INT8, v1::DATA_TYPE_FP32},
      {v1::DATA_TYPE_INT8, v1::DATA_TYPE_BF16}};
  std::vector<GemmCase> cases;
  for (const auto& [input, output] : pairs) {
    cases.push_back({absl::StrCat(ShortName(input), " to ", ShortName(output)),
                     Gemm(264, 392, 320, input, output), 8});
  }
  ExpectSound(cases);
}

TEST(TypesTest, Fp8InAllMixesWithAndWithoutPromotion) {
  const v1::DataType inputs[] = {v1::DATA_TYPE_E4M3, v1::DATA_TYPE_E5M2};
  std::vector<GemmCase> cases;
  for (const v1::DataType a : inputs) {
    for (const v1::DataType b : inputs) {
      for (const v1::DataType output :
           {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP32}) {
        for (const bool promote : {false, true}) {
          GemmCase one{absl::StrCat(ShortName(a), " ", ShortName(b), " to ", ShortName(output),
                                    promote ? ", promoted" : ""),
                       Gemm(264, 392, 336, a, output), 6};
          one.problem.mutable_gemm()->set_b_type(b);
          one.problem.mutable_gemm()->mutable_numerics()->set_promote_accumulation(promote);
          cases.push_back(one);
        }
      }
    }
  }
  ExpectSound(cases);
}

// Sums of int8 products beyond 2^24 are where a float on the way would show.
TEST(TypesTest, Int8SumsBeyondTheMantissaOfAFloatAreExact) {
  ExpectSound({{"long int8", Gemm(128, 128, 16384, v1::DATA_TYPE_INT8), 6}});
}

}  // namespace
}  // namespace tilewright
