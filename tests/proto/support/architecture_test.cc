#include "proto/support/architecture.h"

#include <gtest/gtest.h>

namespace tilewright {
namespace {

TEST(ParseArchitectureTest, ReadsTheNumberAndTheSuffix) {
  const struct {
    const char* name;
    int number;
    char suffix;
  } cases[] = {{"sm_10", 10, 0},    {"sm_80", 80, 0},      {"sm_90", 90, 0},
               {"sm_90a", 90, 'a'}, {"sm_100f", 100, 'f'}, {"sm_999a", 999, 'a'}};
  for (const auto& [name, number, suffix] : cases) {
    const auto architecture = ParseArchitecture(name);
    ASSERT_TRUE(architecture) << name;
    EXPECT_EQ(architecture->number, number) << name;
    EXPECT_EQ(architecture->suffix, suffix) << name;
  }
}

TEST(ParseArchitectureTest, RefusesAllOtherNames) {
  for (const char* name : {"",
                           "sm",
                           "sm_",
                           "sm_a",
                           "sm_9",
                           "sm_9a",
                           "sm_90b",
                           "sm_90aa",
                           "sm_90af",
                           "sm_90A",
                           "sm_-1",
                           "sm_-90",
                           "sm_+90",
                           "sm_ 90",
                           "sm_90 ",
                           " sm_90",
                           "sm_90\n",
                           "sm_09",
                           "sm_090",
                           "sm_1000",
                           "sm_9999",
                           "sm_999999999999",
                           "sm_90a --time=/tmp/x",
                           "SM_90",
                           "90a",
                           "compute_90"}) {
    EXPECT_FALSE(ParseArchitecture(name)) << name;
  }
}

TEST(ArchitectureTest, RunsOnItsMajorVersionFromItsMinorOnOrOnItsOwnAlone) {
  const Architecture plain = {86, 0};
  EXPECT_TRUE(plain.RunsOn(86));
  EXPECT_TRUE(plain.RunsOn(89));
  EXPECT_FALSE(plain.RunsOn(80));
  EXPECT_FALSE(plain.RunsOn(90));
  const Architecture family = {100, 'f'};
  EXPECT_TRUE(family.RunsOn(100));
  EXPECT_TRUE(family.RunsOn(103));
  EXPECT_FALSE(family.RunsOn(120));
  EXPECT_FALSE((Architecture{103, 'f'}).RunsOn(100));
  const Architecture specific = {100, 'a'};
  EXPECT_TRUE(specific.RunsOn(100));
  EXPECT_FALSE(specific.RunsOn(103));
}

}  // namespace
}  // namespace tilewright
