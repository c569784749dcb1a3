#include "client/cli/commands/detached_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "proto/support/errors.h"
#include "tests/client/temporary_folder.h"

namespace tilewright::cli {
namespace {

using ::testing::HasSubstr;

// Descriptor 3 is where the report lies in the end; before, it may be any file of the command.
TEST(StartDetached, AFailureIsToldWhateverDescriptor3Is) {
  const TemporaryFolder folder;
  const std::string taken = folder.path() + "/start.lock";
  const int before = fcntl(3, F_DUPFD_CLOEXEC, 10);
  const int file = open(taken.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  if (file != 3) {
    ASSERT_EQ(dup2(file, 3), 3);
    close(file);
  }
  const auto pid = StartDetached({"/bin/true"}, {}, folder.path() + "/missing/log");
  if (before >= 0) {
    dup2(before, 3);
    close(before);
  } else {
    close(3);
  }
  EXPECT_EQ(ReasonOf(pid.status()), "DAEMON_FAILED");
  EXPECT_THAT(pid.status().message(), HasSubstr("No such file or directory"));
  EXPECT_EQ(std::filesystem::file_size(taken), 0);
}

}  // namespace
}  // namespace tilewright::cli
