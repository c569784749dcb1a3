#include "proto/support/sha256.h"

#include "gtest/gtest.h"

namespace tilewright {
namespace {

// FIPS 180-2, appendix B.1.
TEST(Sha256, KnownAnswer) {
  EXPECT_EQ(ToHex(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Hex, RoundTripAndRefusal) {
  const std::string bytes("\x00\x7f\xff", 3);
  EXPECT_EQ(ToHex(bytes), "007fff");
  EXPECT_EQ(FromHex("007FfF"), bytes);
  EXPECT_EQ(FromHex("0"), "");
  EXPECT_EQ(FromHex("zz"), "");
}

}  // namespace
}  // namespace tilewright
