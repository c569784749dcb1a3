// A process that has a cublasLt tells the service which one.
#include <gtest/gtest.h>

#include <cstdlib>

#include "kernel_templates/launch/vendor/vendor_launcher.h"
#include "tests/client/client_fixture.h"

namespace tilewright {
namespace {

constexpr int64_t kVersion = 130042;

class VendorLibraryTest : public ClientTest {
 protected:
  // Before the library is opened, which happens once a process.
  static void SetUpTestSuite() { setenv("TILEWRIGHT_CUBLASLT", FAKE_CUBLASLT, 1); }
};

TEST_F(VendorLibraryTest, EveryLookUpCarriesItsVersion) {
  std::vector<int64_t> seen;
  service_.get_kernel = [&seen](const v1::GetKernelRequest& request) {
    seen.push_back(request.vendor_library_version());
    v1::GetKernelResponse response;
    response.mutable_vendor()->set_library_version(request.vendor_library_version());
    response.mutable_vendor()->set_algorithm(std::string(64, 'a'));
    return response;
  };
  const auto kernel = client_->GetKernel(Gemm(8, 8, 8));
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  EXPECT_EQ((*kernel)->vendor().library_version(), kVersion);
  ASSERT_TRUE(client_->BatchGetKernels(std::vector{Gemm(9, 8, 8), Gemm(10, 8, 8)}).ok());
  EXPECT_EQ(seen, std::vector<int64_t>(3, kVersion));
  EXPECT_EQ(VendorLauncher::LibraryVersion(), kVersion);
}

}  // namespace
}  // namespace tilewright
