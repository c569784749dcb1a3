// Files that commands write: what is there already is not lost.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "client/cli/commands/files.h"
#include "proto/support/errors.h"
#include "tests/client/cli/app_fixture.h"

namespace tilewright::cli {
namespace {

using ::testing::HasSubstr;

TEST_F(AppTest, GetLeavesTheFileAloneWhereItCannotBeWritten) {
  ExpectOneErrorLine(RunHere({"get", "gemm", "--m", "1", "--n", "1", "--k", "1", "-o",
                              folder_.path() + "/none/kernel.cubin"}),
                     1, "cannot be written: No such file or directory [WRITE_FAILED]");
}

// Of a bundle larger than the buffer, it named neither the file nor what to do.
TEST_F(AppTest, AFullDiskIsNamedWithTheFile) {
  for (const size_t bytes : {8, 100'000}) {
    service_.bundle = std::string(bytes, 'b');
    ExpectOneErrorLine(RunHere({"export", "-o", "/dev/full"}), 1,
                       "/dev/full: cannot be written: No space left on device: free some space "
                       "there, or name another file [WRITE_FAILED]");
  }
}

TEST_F(AppTest, TheDaemonsOwnFilesAreNotWrittenOver) {
  const std::string database = WriteFile("tilewright.db", "precious");
  const std::string suite = WriteFile("suite.csv", "a,nt,1,1,1\n");
  const std::vector<std::string> commands[] = {
      {"export", "-o", database},
      {"backup", database},
      {"get", "gemm", "--m", "1", "--n", "1", "--k", "1", "-o", database},
      {"bench", "--suite", suite, "--json", database},
      {"export", "-o", service_.socket_path()}};
  for (const std::vector<std::string>& command : commands) {
    ExpectOneErrorLine(RunHere(command), 2, ": is tilewrightd's own file ");
  }
  EXPECT_EQ(ReadAll(database), "precious");
  EXPECT_EQ(service_.get_kernel_calls, 0);
}

// Where others may write to the folder, a link could take the place of the unfinished file: what it
// led to was written over.
TEST_F(AppTest, AnUnfinishedFileIsNotWrittenByItsName) {
  const std::string victim = WriteFile("victim.txt", "precious");
  const std::string path = folder_.path() + "/out.twb";
  const absl::StatusOr<OutputFile> file =
      OutputFile::At(path, {folder_.path() + "/cache", service_.socket_path()});
  ASSERT_TRUE(file.ok()) << file.status();
  const std::string part = path + ".part" + std::to_string(getpid());
  const absl::Status written = file->Write([&](std::ostream& out) {
    std::filesystem::remove(part);
    std::filesystem::create_symlink(victim, part);
    out << "content" << std::flush;
    return absl::OkStatus();
  });
  EXPECT_THAT(std::string(written.message()), HasSubstr("somebody replaced"));
  EXPECT_EQ(ReadAll(victim), "precious");
  EXPECT_FALSE(std::filesystem::exists(path));
}

// `export -o /dev/stdout >file` replaced /dev/stdout, for every process of the machine.
TEST_F(AppTest, ALinkToWhatIsOpenIsNotReplaced) {
  const std::string target = WriteFile("open.twb", "");
  const int fd = open(target.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const std::string link = folder_.path() + "/stdout";
  std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(fd), link);
  ExpectOneErrorLine(RunHere({"export", "-o", link}), 2, "name that file itself");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  close(fd);
}

TEST_F(AppTest, WhatBecomesADaemonsFileMeanwhileIsNotWrittenOver) {
  const std::string place = folder_.path() + "/other";
  std::filesystem::create_directory(place);
  const absl::StatusOr<OutputFile> file =
      OutputFile::At(place + "/tilewright.db", {folder_.path() + "/cache", service_.socket_path()});
  ASSERT_TRUE(file.ok()) << file.status();
  // Another daemon begins to serve that directory.
  const absl::Status written = file->Write([&](std::ostream& out) {
    WriteFile("other/tilewrightd.lock", "");
    WriteFile("other/tilewright.db", "precious");
    out << "a kernel";
    return absl::OkStatus();
  });
  EXPECT_EQ(ReasonOf(written), "DAEMON_FILE");
  EXPECT_EQ(ReadAll(place + "/tilewright.db"), "precious");
  const std::filesystem::directory_iterator files(place);
  EXPECT_EQ(std::distance(begin(files), end(files)), 2) << "what was begun is removed";
}

}  // namespace
}  // namespace tilewright::cli
