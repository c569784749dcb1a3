#include "tuner/compile/compile_options.h"

#include <algorithm>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

TEST(CompileOptionsTest, AreThisListAndNoOther) {
  const auto options = CompileOptions("sm_90a", {13, 0});
  ASSERT_TRUE(options.ok());
  EXPECT_THAT(*options, ElementsAre("--gpu-architecture=sm_90a", "--std=c++20",
                                    "--device-as-default-execution-space", "--ptxas-options=-v",
                                    "--no-cache"));
}

TEST(CompileOptionsTest, TurnOffTheCacheWhereThereIsOne) {
  EXPECT_THAT(*CompileOptions("sm_80", {12, 8}), Not(Contains("--no-cache")));
  EXPECT_THAT(*CompileOptions("sm_80", {12, 9}), Contains("--no-cache"));
}

TEST(CompileOptionsTest, AcceptRealArchitecturesOnly) {
  for (const char* good : {"sm_80", "sm_86", "sm_89", "sm_90", "sm_90a", "sm_100f", "sm_120a"}) {
    EXPECT_TRUE(CompileOptions(good, {13, 0}).ok()) << good;
  }
  for (const char* bad :
       {"", "sm_", "sm_a", "90a", "compute_90", "sm_90a ", " sm_90", "sm_90a --time=/tmp/x",
        "sm_90aa", "sm_90b", "sm_-90", "sm_9999", "SM_90", "sm_90\n"}) {
    const auto options = CompileOptions(bad, {13, 0});
    EXPECT_EQ(ReasonOf(options.status()), "INVALID_ARCHITECTURE") << bad;
  }
}

TEST(NvrtcVersionTest, ReadsWhatItWrites) {
  EXPECT_EQ(ParseNvrtcVersion("13.0"), (NvrtcVersion{13, 0}));
  EXPECT_EQ(ParseNvrtcVersion(NvrtcVersion{12, 9}.ToString()), (NvrtcVersion{12, 9}));
  for (const char* bad : {"", "13", "13.", ".0", "13.0.1", "a.b"}) {
    EXPECT_EQ(ParseNvrtcVersion(bad), NvrtcVersion{}) << bad;
  }
  EXPECT_LT((NvrtcVersion{12, 9}), (NvrtcVersion{12, 10}));
}

}  // namespace
}  // namespace tilewright
