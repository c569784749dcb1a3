#include "tuner/compile/nvrtc_api.h"

#include <dlfcn.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tilewright {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// NVRTC asks for its builtins by this bare name; a PyPI wheel's folder is not where the loader
// would look for it.
TEST(NvrtcApi, BuiltinsBesideTheLibraryAreOpenedWithIt) {
  const absl::StatusOr<NvrtcApi> api = NvrtcApi::Load(NvrtcApi::Candidates());
  ASSERT_TRUE(api.ok()) << api.status();
  const std::string name = "libnvrtc-builtins.so." + api->version.ToString();
  EXPECT_NE(dlopen(name.c_str(), RTLD_NOW | RTLD_NOLOAD), nullptr) << dlerror();
}

// An NVRTC 11 on the loader's path used to hide the 13 of CUDA_HOME.
TEST(NvrtcApi, OneThatIsOfNoUseDoesNotHideTheNext) {
  std::vector<std::string> candidates = {"nowhere/libnvrtc.so", TILEWRIGHT_OLD_NVRTC, "libm.so.6"};
  const std::vector<std::string> real = NvrtcApi::Candidates();
  candidates.insert(candidates.end(), real.begin(), real.end());
  const absl::StatusOr<NvrtcApi> api = NvrtcApi::Load(candidates);
  ASSERT_TRUE(api.ok()) << api.status();
  EXPECT_GE(api->version.major, 12);
}

TEST(NvrtcApi, OfThoseOfNoUseEachIsNamedWithItsReason) {
  std::vector<std::string> tried;
  const absl::StatusOr<NvrtcApi> api = NvrtcApi::Load(
      {"nowhere/libnvrtc.so", TILEWRIGHT_OLD_NVRTC, "libm.so.6", "/proc/self/status"}, &tried);
  EXPECT_EQ(api.status().code(), absl::StatusCode::kNotFound);
  ASSERT_THAT(tried, SizeIs(4));
  EXPECT_EQ(tried[0], "nowhere/libnvrtc.so");
  EXPECT_THAT(tried[1], HasSubstr("is NVRTC 11.8, older than 12.0"));
  EXPECT_THAT(tried[2], HasSubstr("has no nvrtcVersion"));
  EXPECT_THAT(tried[3], HasSubstr("/proc/self/status ("));
}

}  // namespace
}  // namespace tilewright
