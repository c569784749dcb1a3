#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/gpu/gemm_cases.h"

namespace tilewright {
namespace {

struct Shape {
  int64_t m;
  int64_t n;
  int64_t k;
};

// Every shape with every type of input.
void ExpectShapes(const std::vector<Shape>& shapes, int variants, bool split_k = false) {
  std::vector<GemmCase> cases;
  for (const v1::DataType input : {v1::DATA_TYPE_FP32, v1::DATA_TYPE_TF32, v1::DATA_TYPE_BF16,
                                   v1::DATA_TYPE_FP16, v1::DATA_TYPE_INT8}) {
    for (const Shape& shape : shapes) {
      cases.push_back({absl::StrCat(ShortName(input), " ", shape.m, "x", shape.n, "x", shape.k),
                       Gemm(shape.m, shape.n, shape.k, input), variants, split_k});
    }
  }
  ExpectSound(cases);
}

TEST(ShapesTest, TinyOnes) {
  ExpectShapes({{1, 1, 1}, {1, 7, 3}, {2, 1, 64}, {17, 1, 5}, {5, 300, 1}, {3, 3, 2}}, 3);
}

TEST(ShapesTest, RaggedOnes) {
  ExpectShapes({{127, 129, 65}, {255, 64, 33}, {65, 513, 100}, {300, 200, 31}}, 4);
}

TEST(ShapesTest, ThinOnes) { ExpectShapes({{16, 2048, 512}, {2048, 8, 256}, {1, 1024, 1024}}, 4); }

TEST(ShapesTest, SplitAlongK) {
  ExpectShapes({{64, 64, 4096}, {100, 60, 2049}, {130, 70, 1000}}, 4, true);
}

}  // namespace
}  // namespace tilewright
