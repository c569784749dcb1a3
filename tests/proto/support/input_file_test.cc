#include "proto/support/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

class InputFileTest : public testing::Test {
 protected:
  InputFileTest() {
    char folder[] = "/tmp/tilewright-input-XXXXXX";
    folder_ = mkdtemp(folder);
  }
  ~InputFileTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  static absl::StatusOr<std::string> Read(const std::string& path) {
    return ReadInputFile(path, kMiB, "a list");
  }

  std::string folder_;
};

TEST_F(InputFileTest, AFileIsReadUpToTheLimitAndNotBeyond) {
  const std::string path = folder_ + "/file";
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kMiB - 1, kMiB}) {
    std::ofstream(path, std::ios::binary) << std::string(size, 'x');
    const absl::StatusOr<std::string> content = Read(path);
    ASSERT_TRUE(content.ok()) << content.status();
    EXPECT_EQ(content->size(), size);
  }
  std::ofstream(path, std::ios::binary) << std::string(kMiB + 1, 'x');
  const absl::Status status = Read(path).status();
  EXPECT_EQ(ReasonOf(status), "FILE_TOO_LARGE");
  EXPECT_EQ(status.message(),
            path + ": is larger than 1 MiB, too large for a list: name another file");
}

TEST_F(InputFileTest, WhatIsNoFileIsSaid) {
  EXPECT_EQ(Read("/nowhere/file").status().message(),
            "/nowhere/file: cannot be read: No such file or directory");
  EXPECT_EQ(Read(folder_).status().message(), folder_ + ": cannot be read: Is a directory");
  for (const char* device : {"/dev/zero", "/dev/urandom"}) {
    EXPECT_EQ(ReasonOf(Read(device).status()), "FILE_NOT_READABLE") << device;
  }
  EXPECT_EQ(Read("/dev/null").value(), "");
}

TEST_F(InputFileTest, ANamedPipeThatNobodyWritesToIsSaid) {
  const std::string path = folder_ + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Read(path).status().message(),
            path + ": cannot be read: no program writes to this pipe: start that program first");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(9));
}

TEST_F(InputFileTest, ANamedPipeIsReadFromASlowWriter) {
  const std::string path = folder_ + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&path] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    std::ofstream out(path);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    out << "one" << std::flush;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    out << "two";
  });
  const absl::StatusOr<std::string> content = Read(path);
  writer.join();
  EXPECT_EQ(content.value(), "onetwo");
  // One that comes and goes without a word.
  std::thread silent([&path] { std::ofstream out(path); });
  EXPECT_EQ(Read(path).value(), "");
  silent.join();
}

TEST_F(InputFileTest, APipeOfAShellIsReadToItsEnd) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "text", 4), 4);
  close(ends[1]);
  const std::string path = "/dev/fd/" + std::to_string(ends[0]);
  EXPECT_EQ(Read(path).value(), "text");
  // Its end is the end, without a wait for another writer.
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Read(path).value(), "");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  close(ends[0]);
}

TEST_F(InputFileTest, APipeWithoutAnEndIsReadUpToTheLimit) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::thread writer([fd = ends[1]] {
    const std::string block(4096, 'x');
    while (write(fd, block.data(), block.size()) > 0) {
    }
    close(fd);
  });
  signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(ReasonOf(Read("/dev/fd/" + std::to_string(ends[0])).status()), "FILE_TOO_LARGE");
  close(ends[0]);
  writer.join();
}

}  // namespace
}  // namespace tilewright
