#include "tuner/compile/compile_key.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace tilewright {
namespace {

const CompileJob kJob = {"source", "sm_90a", {"entry"}};
const std::vector<std::string> kOptions = {"--std=c++20"};

TEST(CompileKeyTest, IsStable) {
  EXPECT_EQ(CompileKey(kJob, "13.0", "digest", kOptions),
            CompileKey(kJob, "13.0", "digest", kOptions));
  EXPECT_EQ(CompileKey(kJob, "13.0", "digest", kOptions).size(), 64u);
}

TEST(CompileKeyTest, EveryPartCounts) {
  CompileJob other_source = kJob;
  other_source.source = "Source";
  CompileJob other_architecture = kJob;
  other_architecture.architecture = "sm_90";
  CompileJob other_entries = kJob;
  other_entries.entry_symbols = {"entry", "reduce"};
  const std::set<std::string> keys = {
      CompileKey(kJob, "13.0", "digest", kOptions),
      CompileKey(other_source, "13.0", "digest", kOptions),
      CompileKey(other_architecture, "13.0", "digest", kOptions),
      CompileKey(other_entries, "13.0", "digest", kOptions),
      CompileKey(kJob, "13.1", "digest", kOptions),
      CompileKey(kJob, "13.0", "other", kOptions),
      CompileKey(kJob, "13.0", "digest", {"--std=c++17"}),
      CompileKey(kJob, "13.0", "digest", {}),
  };
  EXPECT_EQ(keys.size(), 8u);
}

TEST(CompileKeyTest, TextDoesNotMoveBetweenFields) {
  CompileJob shifted = kJob;
  shifted.source = "sources";
  shifted.architecture = "m_90a";
  EXPECT_NE(CompileKey(kJob, "13.0", "digest", kOptions),
            CompileKey(shifted, "13.0", "digest", kOptions));
  EXPECT_NE(CompileKey({"s", "a", {"x", "y"}}, "", "", {}),
            CompileKey({"s", "a", {"xy"}}, "", "", {}));
  EXPECT_NE(CompileKey({"s", "a", {"x"}}, "", "", {}), CompileKey({"s", "a", {}}, "", "", {"x"}));
}

}  // namespace
}  // namespace tilewright
