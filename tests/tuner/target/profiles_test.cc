#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;

TEST(TargetProfilesTest, AreSortedAndOfOneNameEach) {
  std::string before;
  for (const v1::TargetProfile& profile : TargetProfiles()) {
    EXPECT_LT(before, profile.name());
    before = profile.name();
  }
  EXPECT_GE(TargetProfiles().size(), 11u);
}

// A field left out of the data would silently be zero.
TEST(TargetProfilesTest, SayEverythingOfTheirSilicon) {
  const auto& fields = *v1::Silicon::descriptor();
  for (const v1::TargetProfile& profile : TargetProfiles()) {
    const v1::Silicon& silicon = profile.silicon();
    std::vector<const google::protobuf::FieldDescriptor*> set;
    silicon.GetReflection()->ListFields(silicon, &set);
    EXPECT_EQ(static_cast<int>(set.size()), fields.field_count()) << profile.name();
    EXPECT_FALSE(profile.description().empty()) << profile.name();
  }
}

TEST(TargetProfilesTest, KeepWithinTheHardwareOfTheirCapability) {
  for (const v1::TargetProfile& profile : TargetProfiles()) {
    const v1::Silicon& silicon = profile.silicon();
    EXPECT_TRUE(ArchitectureFor(silicon).ok()) << profile.name();
    EXPECT_EQ(silicon.registers_per_sm(), 65536) << profile.name();
    // The driver keeps 1 KiB a block.
    EXPECT_EQ(silicon.shared_memory_per_sm() - silicon.max_shared_memory_per_block(), 1024)
        << profile.name();
    EXPECT_TRUE(silicon.max_threads_per_sm() == 1536 || silicon.max_threads_per_sm() == 2048)
        << profile.name();
    EXPECT_GT(silicon.dram_bytes_per_second(), 1e11) << profile.name();
    EXPECT_LT(silicon.dram_bytes_per_second(), 1e13) << profile.name();
  }
}

TEST(FindProfileTest, FindsByName) {
  const auto silicon = FindTargetProfile("h100-sxm");
  ASSERT_TRUE(silicon.ok()) << silicon.status();
  EXPECT_EQ(silicon->compute_capability(), 90);
  EXPECT_EQ(silicon->sm_count(), 132);
}

TEST(FindProfileTest, ListsTheNamesForAnUnknownOne) {
  for (const char* name : {"", "H100-SXM", "h100", "h100-sxm ", "gtx-970"}) {
    const auto silicon = FindTargetProfile(name);
    EXPECT_EQ(silicon.status().code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(ReasonOf(silicon.status()), "UNKNOWN_TARGET");
    EXPECT_EQ(ErrorInfoOf(silicon.status())->metadata().at("field"), "target");
    EXPECT_THAT(std::string(silicon.status().message()), HasSubstr("h100-sxm, h200-sxm"));
  }
}

TEST(FindProfileTest, QuotesOnlyTheStartOfAnEndlessName) {
  const auto silicon = FindTargetProfile(std::string(1 << 20, 'x'));
  EXPECT_LT(silicon.status().message().size(), 1000u);
}

struct ArchitectureCase {
  int compute_capability;
  const char* architecture;
};

class ArchitectureForTest : public testing::TestWithParam<ArchitectureCase> {};

TEST_P(ArchitectureForTest, IsTheRealOne) {
  v1::Silicon silicon;
  silicon.set_compute_capability(GetParam().compute_capability);
  EXPECT_EQ(ArchitectureFor(silicon).value(), GetParam().architecture);
}

INSTANTIATE_TEST_SUITE_P(
    All, ArchitectureForTest,
    testing::Values(ArchitectureCase{80, "sm_80"}, ArchitectureCase{86, "sm_86"},
                    ArchitectureCase{87, "sm_87"}, ArchitectureCase{89, "sm_89"},
                    ArchitectureCase{90, "sm_90a"}, ArchitectureCase{100, "sm_100a"},
                    ArchitectureCase{103, "sm_103a"}, ArchitectureCase{120, "sm_120a"}));

TEST(ArchitectureForTest, RefusesOlderOnes) {
  for (const int capability : {0, -1, 70, 75}) {
    v1::Silicon silicon;
    silicon.set_compute_capability(capability);
    EXPECT_EQ(ArchitectureFor(silicon).status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(ArchitectureFor(silicon).status()), "UNSUPPORTED_ARCHITECTURE");
  }
}

}  // namespace
}  // namespace tilewright
