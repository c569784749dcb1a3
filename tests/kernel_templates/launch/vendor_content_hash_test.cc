#include "kernel_templates/launch/vendor/vendor_content_hash.h"

#include <gtest/gtest.h>

#include <string>

#include "proto/support/sha256.h"

namespace tilewright {
namespace {

v1::VendorKernel Algorithm(int64_t version, char fill) {
  v1::VendorKernel kernel;
  kernel.set_library_version(version);
  kernel.set_algorithm(std::string(64, fill));
  return kernel;
}

// Lockfiles keep these bytes: the computation is part of the API.
TEST(VendorContentHashTest, IsTheHashOfVersionAndAlgorithm) {
  const std::string version("\x04\x03\x02\x01\0\0\0\0", 8);
  EXPECT_EQ(VendorContentHash(Algorithm(0x01020304, 'a')), Sha256(version + std::string(64, 'a')));
}

TEST(VendorContentHashTest, ChangesWithEitherAndNothingElse) {
  const std::string hash = VendorContentHash(Algorithm(130000, 'a'));
  EXPECT_NE(VendorContentHash(Algorithm(130001, 'a')), hash);
  EXPECT_NE(VendorContentHash(Algorithm(130000, 'b')), hash);
  v1::VendorKernel elsewhere = Algorithm(130000, 'a');
  elsewhere.set_heuristic_rank(3);
  elsewhere.set_workspace_bytes(4096);
  EXPECT_EQ(VendorContentHash(elsewhere), hash);
}

// The same algorithm is another one where the library is asked for another precision.
TEST(VendorContentHashTest, AStatedPrecisionIsPartOfIt) {
  v1::VendorKernel stated = Algorithm(0x01020304, 'a');
  stated.set_precision(v1::PRECISION_TF32);
  const std::string version("\x04\x03\x02\x01\0\0\0\0", 8);
  const std::string precision("\x04\0\0\0", 4);
  EXPECT_EQ(VendorContentHash(stated), Sha256(version + std::string(64, 'a') + precision));
}

}  // namespace
}  // namespace tilewright
