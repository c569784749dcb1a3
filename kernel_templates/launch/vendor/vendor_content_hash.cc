#include "kernel_templates/launch/vendor/vendor_content_hash.h"

#include <cstdint>

#include "proto/support/sha256.h"

namespace tilewright {

std::string VendorContentHash(const v1::VendorKernel& kernel) {
  std::string bytes;
  const auto append = [&bytes](uint64_t value, int width) {
    for (int i = 0; i < width; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  };
  append(static_cast<uint64_t>(kernel.library_version()), 8);
  bytes += kernel.algorithm();
  if (kernel.precision() != v1::PRECISION_UNSPECIFIED) {
    append(static_cast<uint64_t>(kernel.precision()), 4);
  }
  return Sha256(bytes);
}

}  // namespace tilewright
