// What is taken away from under a running daemon, and directories that it is given.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/private_files.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/server/test_daemon.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;
constexpr auto kBest = v1::LOOKUP_MODE_BEST_AVAILABLE;
constexpr auto kCached = v1::LOOKUP_MODE_CACHED_ONLY;
constexpr char kTarget[] = "h100-sxm";

class DaemonSurroundings : public ::testing::Test {
 protected:
  static bool AwaitSocket(const std::string& path) {
    for (int i = 0; i < 200; ++i) {
      const int fd = ConnectTo(path);
      if (fd >= 0) {
        close(fd);
        return true;
      }
      absl::SleepFor(absl::Milliseconds(50));
    }
    return false;
  }

  TemporaryFolder folder_;
  const std::string cache_ = folder_.path() + "/cache";
};

TEST_F(DaemonSurroundings, ASocketThatIsRemovedIsMadeAgain) {
  DaemonProcess daemon(cache_);
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  ASSERT_TRUE(ServiceClient(daemon.socket()).Get(RequestOf(4096, kBest, kTarget)).ok());
  std::filesystem::remove(daemon.socket());
  ASSERT_TRUE(AwaitSocket(daemon.socket())) << daemon.log();
  EXPECT_TRUE(ServiceClient(daemon.socket()).Get(RequestOf(4096, kCached, kTarget)).ok());
  EXPECT_TRUE(daemon.AwaitLog("was removed, and has been made again")) << daemon.log();
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.AwaitExit(), 0);
  EXPECT_FALSE(std::filesystem::exists(daemon.socket()));
}

TEST_F(DaemonSurroundings, ADaemonWhoseCacheDirectoryIsRemovedEndsAndSaysWhy) {
  DaemonProcess daemon(cache_);
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  ASSERT_TRUE(ServiceClient(daemon.socket()).Get(RequestOf(4096, kBest, kTarget)).ok());
  std::filesystem::remove_all(cache_);
  EXPECT_GE(daemon.AwaitExit(absl::Seconds(15)), 0) << daemon.log();
  EXPECT_TRUE(daemon.AwaitLog("was removed or replaced")) << daemon.log();
  EXPECT_FALSE(std::filesystem::exists(cache_)) << "nothing is made anew where it was";
}

// Root may write everywhere: the daemon is then another user's.
TEST_F(DaemonSurroundings, AReadOnlyDirectoryIsServedFromTheRuntimeDirectory) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere; lost_files_test covers it";
  {
    DaemonProcess daemon(cache_);
    ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
    ASSERT_TRUE(ServiceClient(daemon.socket()).Get(RequestOf(4096, kBest, kTarget)).ok());
    daemon.Signal(SIGTERM);
    ASSERT_EQ(daemon.AwaitExit(), 0);
  }
  std::filesystem::permissions(cache_, std::filesystem::perms{0550});
  setenv("XDG_RUNTIME_DIR", folder_.path().c_str(), 1);
  DaemonProcess daemon(cache_);
  const std::string socket = SocketOf(cache_);
  EXPECT_NE(socket, daemon.socket());
  ASSERT_TRUE(AwaitSocket(socket)) << daemon.log();
  ServiceClient client(socket);
  EXPECT_TRUE(client.Get(RequestOf(4096, kCached, kTarget)).ok());
  grpc::ClientContext context;
  v1::CacheStats stats;
  ASSERT_TRUE(client.cache->GetCacheStats(&context, {}, &stats).ok());
  EXPECT_THAT(stats.read_only(), HasSubstr("cannot be written to"));
  EXPECT_EQ(stats.winners(), 1);
  std::filesystem::permissions(cache_, std::filesystem::perms{0750});
  unsetenv("XDG_RUNTIME_DIR");
}

TEST_F(DaemonSurroundings, ADirectoryThatItsGroupMayWriteToIsRefusedWithTheCommand) {
  std::filesystem::create_directory(cache_);
  ASSERT_EQ(chmod(cache_.c_str(), 0770), 0);
  const RunResult result = RunDaemon({"--cache-dir", cache_});
  EXPECT_NE(result.exit_status, 0);
  EXPECT_THAT(result.output, HasSubstr("chmod g-w"));
}

TEST_F(DaemonSurroundings, ALogLineIsOneLineWhateverAClientSays) {
  DaemonProcess daemon(cache_ + "\x1b[2J\xff");
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  EXPECT_TRUE(daemon.AwaitLog("\\x1b[2J\\xff/tilewrightd.sock")) << daemon.log();
}

}  // namespace
}  // namespace tilewright
