#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/gpu/gemm_cases.h"

namespace tilewright {
namespace {

TEST(TypesTest, EveryPairOfInputAndOutput) {
  const std::pair<v1::DataType, v1::DataType> pairs[] = {
      {v1::DATA_TYPE_FP32, v1::DATA_TYPE_FP32}, {v1::DATA_TYPE_TF32, v1::DATA_TYPE_FP32},
      {v1::DATA_TYPE_TF32, v1::DATA_TYPE_BF16}, {v1::DATA_TYPE_BF16, v1::DATA_TYPE_BF16},
      {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP32}, {v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16},
      {v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP16}, {v1::DATA_TYPE_FP16, v1::DATA_TYPE_FP32},
      {v1::DATA_TYPE_INT8, v1::DATA_TYPE_INT32}, {v1::DATA_TYPE_INT8, v1::DATA_TYPE_FP32},
      {v1::DATA_TYPE_INT8, v1::DATA_TYPE_BF16}};
  std::vector<GemmCase> cases;
  for (const auto& [input, output] : pairs) {
    cases.push_back({absl::StrCat(ShortName(input), " to ", ShortName(output)),
                     Gemm(264, 392, 320, input, output), 8});
  }
  ExpectSound(cases);
}

// Sums of int8 products beyond 2^24 are where a float on the way would show.
TEST(TypesTest, Int8SumsBeyondTheMantissaOfAFloatAreExact) {
  ExpectSound({{"long int8", Gemm(128, 128, 16384, v1::DATA_TYPE_INT8), 6}});
}

}  // namespace
}  // namespace tilewright
