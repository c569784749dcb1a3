#include "proto/support/private_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

namespace fs = std::filesystem;

class PrivateFilesTest : public testing::Test {
 protected:
  PrivateFilesTest() {
    char folder[] = "/tmp/tilewright-files-XXXXXX";
    folder_ = mkdtemp(folder);
    cache_ = folder_ + "/cache";
  }
  ~PrivateFilesTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  static mode_t ModeOf(const std::string& path) {
    struct stat info;
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }

  std::string folder_;
  std::string cache_;
};

TEST_F(PrivateFilesTest, ADirectoryIsMadeThatTheDaemonTakesWhateverTheUmask) {
  for (const mode_t mask : {mode_t{0}, mode_t{002}, mode_t{022}, mode_t{077}}) {
    const mode_t before = umask(mask);
    const absl::Status made = MakePrivateDirectory(folder_ + "/parent/deeper/cache");
    const absl::Status again = MakePrivateDirectory(folder_ + "/parent/deeper/cache/");
    umask(before);
    ASSERT_TRUE(made.ok()) << made;
    EXPECT_TRUE(again.ok()) << again;
    EXPECT_EQ(ModeOf(folder_ + "/parent/deeper/cache"), mode_t{0750}) << mask;
    EXPECT_EQ(ModeOf(folder_ + "/parent") & 022, mode_t{0}) << mask;
    const absl::Status checked = CheckPrivateDirectory(folder_ + "/parent/deeper/cache");
    EXPECT_TRUE(checked.ok()) << checked;
    fs::remove_all(folder_ + "/parent");
  }
}

TEST_F(PrivateFilesTest, ATrailingSlashChangesNothing) {
  const mode_t before = umask(0);
  ASSERT_TRUE(MakePrivateDirectory(cache_ + "/").ok());
  umask(before);
  EXPECT_EQ(ModeOf(cache_), mode_t{0750});
}

TEST_F(PrivateFilesTest, WhatOthersCanChangeIsRefusedWithTheCommandThatMendsIt) {
  fs::create_directory(cache_);
  ASSERT_EQ(chmod(cache_.c_str(), 0770), 0);
  absl::Status status = CheckPrivateDirectory(cache_);
  EXPECT_EQ(ReasonOf(status), "CACHE_WRITABLE_BY_GROUP");
  EXPECT_NE(status.message().find("chmod g-w '" + cache_ + "'"), std::string::npos) << status;
  ASSERT_EQ(chmod(cache_.c_str(), 0757), 0);
  status = CheckPrivateDirectory(cache_);
  EXPECT_EQ(ReasonOf(status), "CACHE_WRITABLE_BY_ALL");
  EXPECT_NE(status.message().find("chmod 0750 '" + cache_ + "'"), std::string::npos) << status;
  ASSERT_EQ(chmod(cache_.c_str(), 0750), 0);
  EXPECT_TRUE(CheckPrivateDirectory(cache_).ok());
}

TEST_F(PrivateFilesTest, ADirectoryOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  fs::create_directory(cache_);
  ASSERT_EQ(chmod(cache_.c_str(), 0750), 0);
  ASSERT_EQ(chown(cache_.c_str(), 12345, 12345), 0);
  const absl::Status status = CheckPrivateDirectory(cache_);
  EXPECT_EQ(ReasonOf(status), "CACHE_OF_ANOTHER_USER");
  EXPECT_NE(status.message().find("12345"), std::string::npos);
  EXPECT_NE(status.message().find("chown -R 0 "), std::string::npos) << status;
}

TEST_F(PrivateFilesTest, AParentOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  fs::create_directories(folder_ + "/theirs/cache");
  ASSERT_EQ(chmod((folder_ + "/theirs/cache").c_str(), 0750), 0);
  ASSERT_EQ(chown((folder_ + "/theirs").c_str(), 12345, 12345), 0);
  const absl::Status status = CheckPrivateDirectory(folder_ + "/theirs/cache");
  EXPECT_EQ(ReasonOf(status), "CACHE_PARENT_OF_ANOTHER_USER");
  EXPECT_NE(status.message().find("chown 0 '" + folder_ + "/theirs'"), std::string::npos) << status;
}

TEST_F(PrivateFilesTest, AParentThatAllCanWriteToIsRefusedUnlessItIsSticky) {
  fs::create_directories(folder_ + "/open/inner/cache");
  ASSERT_EQ(chmod((folder_ + "/open/inner/cache").c_str(), 0750), 0);
  ASSERT_EQ(chmod((folder_ + "/open").c_str(), 0777), 0);
  const absl::Status status = CheckPrivateDirectory(folder_ + "/open/inner/cache");
  EXPECT_EQ(ReasonOf(status), "CACHE_PARENT_WRITABLE_BY_ALL");
  EXPECT_NE(status.message().find("chmod o-w '" + folder_ + "/open'"), std::string::npos) << status;
  ASSERT_EQ(chmod((folder_ + "/open").c_str(), 01777), 0);
  EXPECT_TRUE(CheckPrivateDirectory(folder_ + "/open/inner/cache").ok());
}

// The parents that count are those of the directory, not of the link to it.
TEST_F(PrivateFilesTest, ALinkToADirectoryIsJudgedByWhereItLeads) {
  fs::create_directories(folder_ + "/open/cache");
  ASSERT_EQ(chmod((folder_ + "/open/cache").c_str(), 0750), 0);
  ASSERT_EQ(chmod((folder_ + "/open").c_str(), 0777), 0);
  fs::create_directory_symlink(folder_ + "/open/cache", folder_ + "/link");
  EXPECT_EQ(ReasonOf(CheckPrivateDirectory(folder_ + "/link")), "CACHE_PARENT_WRITABLE_BY_ALL");
}

TEST_F(PrivateFilesTest, AFileIsNotOpenedThroughALinkNorAFifo) {
  fs::create_directory(cache_);
  const std::string victim = folder_ + "/victim";
  std::ofstream(victim) << "precious";
  fs::create_symlink(victim, cache_ + "/lock");
  const auto through_link = OpenPrivateFile(cache_ + "/lock", O_RDWR | O_CREAT, 0640);
  EXPECT_EQ(ReasonOf(through_link.status()), "CACHE_UNUSABLE");
  EXPECT_NE(through_link.status().message().find("is a link"), std::string::npos);
  ASSERT_EQ(mkfifo((cache_ + "/fifo").c_str(), 0600), 0);
  EXPECT_FALSE(OpenPrivateFile(cache_ + "/fifo", O_RDWR | O_CREAT, 0640).ok());
  EXPECT_FALSE(OpenPrivateFile(cache_ + "/fifo", O_RDONLY, 0).ok());
  const auto fd = OpenPrivateFile(cache_ + "/real", O_RDWR | O_CREAT, 0640);
  ASSERT_TRUE(fd.ok()) << fd.status();
  close(*fd);
}

TEST_F(PrivateFilesTest, TheSocketOfAReadOnlyDirectoryIsInTheRuntimeDirectory) {
  setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
  EXPECT_EQ(SocketOf("/proc/sys"), RuntimeStem("/proc/sys") + ".sock");
  EXPECT_EQ(RuntimeStem("/proc/sys").rfind(folder_ + "/tilewright/", 0), 0u);
  EXPECT_NE(RuntimeStem("/proc/sys"), RuntimeStem("/proc"));
  EXPECT_EQ(StateFile("/proc/sys", "start.lock"), RuntimeStem("/proc/sys") + ".start.lock");
  EXPECT_EQ(StateFile(folder_, "start.lock"), folder_ + "/start.lock");
  ASSERT_TRUE(MakeRuntimeDirectory().ok());
  EXPECT_EQ(ModeOf(folder_ + "/tilewright"), mode_t{0700});
  ASSERT_EQ(chmod((folder_ + "/tilewright").c_str(), 0755), 0);
  EXPECT_EQ(ReasonOf(MakeRuntimeDirectory()), "CACHE_UNUSABLE");
  fs::remove_all(folder_ + "/tilewright");
  fs::create_directory_symlink("/tmp", folder_ + "/tilewright");
  EXPECT_EQ(ReasonOf(MakeRuntimeDirectory()), "CACHE_UNUSABLE");
  unsetenv("XDG_RUNTIME_DIR");
  // What can be written to, or is not there yet, has it inside.
  EXPECT_EQ(SocketOf(folder_), folder_ + "/tilewrightd.sock");
  EXPECT_EQ(SocketOf(cache_), cache_ + "/tilewrightd.sock");
}

}  // namespace
}  // namespace tilewright
