#include "tuner/compile/nvrtc_api.h"

#include <dlfcn.h>

#include "gtest/gtest.h"

namespace tilewright {
namespace {

// NVRTC asks for its builtins by this bare name; a PyPI wheel's folder is not where the loader
// would look for it.
TEST(NvrtcApi, BuiltinsBesideTheLibraryAreOpenedWithIt) {
  const absl::StatusOr<NvrtcApi> api = NvrtcApi::Load(NvrtcApi::Candidates());
  ASSERT_TRUE(api.ok()) << api.status();
  const std::string name = "libnvrtc-builtins.so." + api->version.ToString();
  EXPECT_NE(dlopen(name.c_str(), RTLD_NOW | RTLD_NOLOAD), nullptr) << dlerror();
}

}  // namespace
}  // namespace tilewright
