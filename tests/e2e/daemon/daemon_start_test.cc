// A start among libraries that do not finish loading.
#include <signal.h>

#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "proto/support/errors.h"
#include "proto/support/steady_time.h"
#include "tests/e2e/daemon/daemon_process.h"
#include "tests/server/test_daemon.h"

namespace tilewright {
namespace {

constexpr char kTarget[] = "h100-sxm";

class DaemonStart : public ::testing::Test {
 protected:
  DaemonStart() {
    std::filesystem::create_directory(libraries_);
    for (const char* name : {"libcuda.so.1", "libnvrtc.so"}) {
      std::filesystem::create_symlink(TILEWRIGHT_HANGING_LIBRARY, libraries_ + "/" + name);
    }
  }

  TemporaryFolder folder_;
  const std::string cache_ = folder_.path() + "/cache";
  const std::string libraries_ = folder_.path() + "/libraries";
};

TEST_F(DaemonStart, LibrariesThatHangHoldUpNeitherStartNorAnswersNorEnd) {
  {
    DaemonProcess sound(cache_);
    ASSERT_TRUE(sound.AwaitServing()) << sound.log();
    ServiceClient client(sound.socket());
    // Compiles, on a machine that may have much else to do.
    const auto predicted =
        client.Get(RequestOf(512, v1::LOOKUP_MODE_BEST_AVAILABLE, kTarget), absl::Seconds(150));
    if (ReasonOf(predicted.status()) == "NVRTC_NOT_FOUND") GTEST_SKIP() << "there is no NVRTC";
    ASSERT_TRUE(predicted.ok()) << predicted.status();
    sound.Signal(SIGTERM);
    ASSERT_EQ(sound.AwaitExit(), 0);
  }
  DaemonProcess daemon(
      cache_, {},
      {{"LD_LIBRARY_PATH", libraries_}, {"TILEWRIGHT_NVRTC", libraries_ + "/libnvrtc.so"}});
  ASSERT_TRUE(daemon.AwaitServing()) << daemon.log();
  EXPECT_TRUE(daemon.AwaitLog("no answer yet from the CUDA driver")) << daemon.log();
  EXPECT_TRUE(daemon.AwaitLog("NVRTC")) << daemon.log();
  ServiceClient client(daemon.socket());
  const auto stored = client.Get(RequestOf(512, v1::LOOKUP_MODE_CACHED_ONLY, kTarget));
  EXPECT_TRUE(stored.ok()) << stored.status();
  const auto unknown = client.Get(RequestOf(512, v1::LOOKUP_MODE_CACHED_ONLY));
  EXPECT_EQ(ReasonOf(unknown.status()), "DEVICES_UNKNOWN") << unknown.status();
  const auto compiled = client.Get(RequestOf(768, v1::LOOKUP_MODE_BEST_AVAILABLE, "l4"));
  EXPECT_EQ(ReasonOf(compiled.status()), "DEVICES_UNKNOWN") << compiled.status();
  const SteadyTime begin = SteadyTime::Now();
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.AwaitExit(), 0) << daemon.log();
  EXPECT_LT(SteadyTime::Now() - begin, absl::Seconds(10));
}

}  // namespace
}  // namespace tilewright
