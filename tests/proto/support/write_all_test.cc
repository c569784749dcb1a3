#include "proto/support/write_all.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>

#include "proto/support/unique_fd.h"

namespace tilewright {
namespace {

// A pipe takes 64 KiB at once. Without O_NONBLOCK, write(2) would wait until all is taken.
TEST(WriteAllTest, WritesMoreThanOneWriteTakes) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd in(ends[0]);
  UniqueFd out(ends[1]);
  const std::string bytes(300'000, 'x');
  std::string received;
  std::thread reader([&] {
    char block[4096];
    for (ssize_t count; (count = read(in.get(), block, sizeof(block))) > 0;) {
      received.append(block, static_cast<std::size_t>(count));
    }
  });
  EXPECT_TRUE(WriteAll(out.get(), bytes));
  out = UniqueFd();
  reader.join();
  EXPECT_EQ(received, bytes);
}

TEST(WriteAllTest, LeavesTheReasonInErrno) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_GE(full.get(), 0);
  EXPECT_FALSE(WriteAll(full.get(), "x"));
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_TRUE(WriteAll(full.get(), ""));
}

}  // namespace
}  // namespace tilewright
