#include "tuner/bench/device_description.h"

#include <gtest/gtest.h>

#include "tuner/bench/nvml.h"
#include "tuner/target/target.h"

namespace tilewright {
namespace {

TEST(DeviceDescriptionTest, UuidIsWrittenAsTheDriverDoes) {
  const std::string bytes("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
  EXPECT_EQ(FormatUuid(bytes), "GPU-00112233-4455-6677-8899-aabbccddeeff");
}

// A named target and a GPU of that name must agree, or what was tuned for one would not
// be found for the other.
TEST(DeviceDescriptionTest, MemoryClassesAgreeWithTheTargetProfiles) {
  for (const v1::TargetProfile& profile : TargetProfiles()) {
    EXPECT_EQ(MemoryClassOf(profile.silicon().name()), profile.silicon().memory_class())
        << profile.name();
  }
}

TEST(DeviceDescriptionTest, UnknownNamesHaveNoMemoryClass) {
  EXPECT_EQ(MemoryClassOf("Voodoo 2"), "");
}

TEST(DeviceDescriptionTest, BandwidthIsTwoTransfersAClock) {
  EXPECT_NEAR(DramBytesPerSecond(3201, 6144), 4.917e12, 1e9);
  EXPECT_EQ(DramBytesPerSecond(0, 6144), 0);
}

TEST(NvmlTest, IdleAndSetClocksAreNoReasonsToDiscard) {
  EXPECT_EQ(Nvml::SlowingReasons(0x1 | 0x2), 0u);
  EXPECT_EQ(Nvml::SlowingReasons(0x4 | 0x1), 0x4u);
}

}  // namespace
}  // namespace tilewright
