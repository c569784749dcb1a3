// problems.json has what version 0.1.0 made of problems: what is stored under a key is found by the
// same bytes in every later version.
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "proto/problem/problem.h"
#include "proto/support/sha256.h"
#include "tests/proto/problem/text_problem.h"

namespace tilewright {
namespace {

TEST(GoldenProblemsTest, KeepTheirKeysTextsAndCosts) {
  std::ifstream file(TILEWRIGHT_GOLDEN_DIR "/problems.json");
  const auto golden = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  ASSERT_GT(golden.size(), 30u);
  for (const auto& entry : golden) {
    const std::string text = entry["problem"];
    const v1::Problem problem = CanonicalProblem(text);
    EXPECT_EQ(ToHex(EncodeProblem(problem)), entry["encoding"]) << text;
    EXPECT_EQ(ToHex(ShapelessKey(problem)), entry["shapeless_key"]) << text;
    EXPECT_EQ(DescribeProblem(problem), entry["text"]) << text;
    EXPECT_EQ(FloatingPointOperations(problem), entry["flops"]) << text;
    EXPECT_EQ(MinimumBytes(problem), entry["bytes"]) << text;
  }
}

}  // namespace
}  // namespace tilewright
