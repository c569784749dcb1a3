#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/gpu/gemm_cases.h"

namespace tilewright {
namespace {

void ExpectAllLayouts(v1::DataType input, int64_t m, int64_t n, int64_t k) {
  std::vector<GemmCase> cases;
  for (const char* letters : {"NN", "NT", "TN", "TT"}) {
    GemmCase one{absl::StrCat(ShortName(input), " ", letters), Gemm(m, n, k, input), 5};
    SetLayout(one.problem, letters);
    cases.push_back(one);
  }
  ExpectSound(cases);
}

class LayoutsTest : public ::testing::TestWithParam<v1::DataType> {};

TEST_P(LayoutsTest, AlignedRows) { ExpectAllLayouts(GetParam(), 208, 272, 144); }

// Rows that start at odd places leave no wide access.
TEST_P(LayoutsTest, UnalignedRows) { ExpectAllLayouts(GetParam(), 133, 137, 71); }

INSTANTIATE_TEST_SUITE_P(Inputs, LayoutsTest,
                         ::testing::Values(v1::DATA_TYPE_FP32, v1::DATA_TYPE_TF32,
                                           v1::DATA_TYPE_BF16, v1::DATA_TYPE_FP16,
                                           v1::DATA_TYPE_INT8),
                         [](const auto& instance) { return ShortName(instance.param); });

}  // namespace
}  // namespace tilewright
