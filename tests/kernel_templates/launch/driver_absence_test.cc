#include <gtest/gtest.h>

#include "kernel_templates/launch/driver/driver_api.h"
#include "proto/support/errors.h"

namespace tilewright {
namespace {

// On a machine with a GPU the table is complete; on any other the answer says why not.
TEST(DriverApiTest, LoadsOrSaysWhyNot) {
  const auto driver = DriverApi::Load();
  if (driver.ok()) {
    EXPECT_NE((*driver)->cuMemAlloc, nullptr);
    EXPECT_NE((*driver)->cuTensorMapEncodeTiled, nullptr);
    return;
  }
  EXPECT_EQ(driver.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(driver.status()), "NO_CUDA_DRIVER");
  EXPECT_FALSE(driver.status().message().empty());
}

}  // namespace
}  // namespace tilewright
