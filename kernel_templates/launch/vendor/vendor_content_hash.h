#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_CONTENT_HASH_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_CONTENT_HASH_H_

#include <string>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// Computes VendorKernel.content_hash from the library version and the algorithm of `kernel`: an
// algorithm means nothing to another version of the library.
std::string VendorContentHash(const v1::VendorKernel& kernel);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_CONTENT_HASH_H_
