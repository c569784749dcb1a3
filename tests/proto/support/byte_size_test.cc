#include "proto/support/byte_size.h"

#include <gtest/gtest.h>

namespace tilewright {
namespace {

TEST(ParseByteSizeTest, TakesDecimalAndBinaryUnits) {
  EXPECT_EQ(ParseByteSize("500MB"), 500'000'000);
  EXPECT_EQ(ParseByteSize("2GiB"), int64_t{2} << 30);
  EXPECT_EQ(ParseByteSize("1.5KiB"), 1536);
  EXPECT_EQ(ParseByteSize("12B"), 12);
  EXPECT_EQ(ParseByteSize("1234"), 1234);
  EXPECT_EQ(ParseByteSize("0"), 0);
  EXPECT_EQ(ParseByteSize("1048576TiB"), int64_t{1} << 60);
}

TEST(ParseByteSizeTest, RefusesWhatIsNoSize) {
  for (const char* text :
       {"", "MB", "-1", "inf", "nan", "2Gi", "2 GiB", " 2", "+2", "1e30", "2GBB", "1048577TiB"}) {
    EXPECT_EQ(ParseByteSize(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tilewright
