#include "client/cli/commands/daemon_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tilewright::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(DaemonEnvironment, TakesWhatADaemonNeedsAndNothingElse) {
  EXPECT_THAT(DaemonEnvironment(
                  {"HOME=/h", "SECRET_TOKEN=x", "CUDA_VISIBLE_DEVICES=1",
                   "MAKEFLAGS= -j8 --jobserver-auth=3,4", "XDG_CACHE_HOME=/c", "PATH=/bin",
                   "LD_PRELOAD=/x.so", "LD_LIBRARY_PATH=/l", "TZ=UTC", "TILEWRIGHT_LOG_LEVEL=debug",
                   "HOMEPAGE=no", "VIRTUAL_ENV=/v", "CONDA_PREFIX=/p"},
                  "/opt"),
              ElementsAre("HOME=/h", "CUDA_VISIBLE_DEVICES=1", "XDG_CACHE_HOME=/c", "PATH=/bin",
                          "LD_LIBRARY_PATH=/l", "TZ=UTC", "TILEWRIGHT_LOG_LEVEL=debug",
                          "VIRTUAL_ENV=/v", "CONDA_PREFIX=/p"));
}

// The daemon runs in "/".
TEST(DaemonEnvironment, FilesNamedFromHereAreNamedFromEverywhere) {
  EXPECT_THAT(DaemonEnvironment(
                  {"TILEWRIGHT_NVRTC=lib/libnvrtc.so.13", "TILEWRIGHT_CUBLASLT=libcublasLt.so.13",
                   "TILEWRIGHT_CONFIG=/etc/t.toml", "TILEWRIGHT_KEEP_SOURCES=kept"},
                  "/opt"),
              ElementsAre("TILEWRIGHT_NVRTC=/opt/lib/libnvrtc.so.13",
                          "TILEWRIGHT_CUBLASLT=libcublasLt.so.13", "TILEWRIGHT_CONFIG=/etc/t.toml",
                          "TILEWRIGHT_KEEP_SOURCES=/opt/kept"));
}

TEST(EnvironmentDifferences, NamesWhatDecidesWhichLibrariesAndGpusAreFound) {
  EXPECT_THAT(EnvironmentDifferences(
                  {"TILEWRIGHT_NVRTC=/old", "PATH=/bin", "CUDA_HOME=/cuda", "TZ=UTC",
                   "TILEWRIGHT_IDLE_TIMEOUT=10s", "CONDA_PREFIX="},
                  {"TILEWRIGHT_NVRTC=/new", "PATH=/usr/bin", "CUDA_HOME=/cuda", "VIRTUAL_ENV=/v",
                   "TILEWRIGHT_SOCKET=/s", "TILEWRIGHT_KEEP_SOURCES=/k"}),
              ElementsAre("TILEWRIGHT_NVRTC is '/old' there and '/new' here",
                          "VIRTUAL_ENV is unset there and '/v' here"));
  EXPECT_THAT(EnvironmentDifferences({"CUDA_HOME=/a"}, {"CUDA_HOME=/a"}), IsEmpty());
}

}  // namespace
}  // namespace tilewright::cli
