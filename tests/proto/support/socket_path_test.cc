#include "proto/support/socket_path.h"

#include <string>

#include "gtest/gtest.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

TEST(SocketPath, HasAtMostAsManyBytesAsAnAddressTakes) {
  const std::string longest(sizeof(sockaddr_un::sun_path) - 1, 'x');
  EXPECT_TRUE(CheckSocketPath(longest).ok());
  EXPECT_EQ(std::string(SocketAddress(longest).sun_path), longest);
  const absl::Status too_long = CheckSocketPath(longest + "x");
  EXPECT_EQ(too_long.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(too_long), "SOCKET_PATH_TOO_LONG");
}

// The kernel would take the path up to that byte.
TEST(SocketPath, HasNoByteZeroAndIsNotEmpty) {
  EXPECT_EQ(ReasonOf(CheckSocketPath(std::string("a\0b", 3))), "SOCKET_UNKNOWN");
  EXPECT_EQ(ReasonOf(CheckSocketPath("")), "SOCKET_UNKNOWN");
  EXPECT_TRUE(CheckSocketPath("/tmp/\xff\n%41").ok()) << "any other byte";
}

}  // namespace
}  // namespace tilewright
