#include "kernel_templates/launch/vendor_content_hash.h"

#include <cstdint>

#include "proto/support/sha256.h"

namespace tilewright {

std::string VendorContentHash(const v1::VendorKernel& kernel) {
  const auto version = static_cast<uint64_t>(kernel.library_version());
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(version >> (8 * i)));
  return Sha256(bytes + kernel.algorithm());
}

}  // namespace tilewright
