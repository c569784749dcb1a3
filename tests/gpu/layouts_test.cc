#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/gpu/gemm_cases.h"

namespace tilewright {
namespace {

void ExpectAllLayouts(int64_t m, int64_t n, int64_t k) {
  std::vector<GemmCase> cases;
  for (const v1::DataType input : {v1::DATA_TYPE_FP32, v1::DATA_TYPE_TF32, v1::DATA_TYPE_BF16,
                                   v1::DATA_TYPE_FP16, v1::DATA_TYPE_INT8}) {
    for (const char* letters : {"NN", "NT", "TN", "TT"}) {
      GemmCase one{absl::StrCat(ShortName(input), " ", letters), Gemm(m, n, k, input), 5};
      SetLayout(one.problem, letters);
      cases.push_back(one);
    }
  }
  ExpectSound(cases);
}

TEST(LayoutsTest, AlignedRows) { ExpectAllLayouts(208, 272, 144); }

// Rows that start at odd places leave no wide access.
TEST(LayoutsTest, UnalignedRows) { ExpectAllLayouts(133, 137, 71); }

}  // namespace
}  // namespace tilewright
