// Checks a kernel from a bundle, a database or a daemon. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_KERNEL_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_KERNEL_H_

#include <string_view>

#include "absl/status/status.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// Runs CheckPlan and CheckCubin, and checks the names and the number of parameters of the variant.
// `cubin` is the native code, which a stored kernel does not contain. Its hash is not checked.
// INVALID_ARGUMENT names the field: MALFORMED_PLAN, MALFORMED_CUBIN or MALFORMED_KERNEL.
absl::Status CheckKernel(const v1::Kernel& kernel, std::string_view cubin);

// Checks a cublasLt algorithm: 64 bytes, and a workspace of 0 to 2^40 bytes. INVALID_ARGUMENT,
// reason MALFORMED_KERNEL.
absl::Status CheckVendorKernel(const v1::VendorKernel& vendor);

// Checks the variant, as a part of CheckKernel.
absl::Status CheckVariant(const v1::Variant& variant);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_KERNEL_H_
