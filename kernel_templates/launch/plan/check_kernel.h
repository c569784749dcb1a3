// A kernel as it comes from a bundle, a database or a daemon. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_KERNEL_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_KERNEL_H_

#include <string_view>

#include "absl/status/status.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// CheckPlan and CheckCubin, and that the variant's names are names and its parameters few.
// `cubin`: the native code, which a stored kernel does not hold itself; of its hash it says
// nothing. INVALID_ARGUMENT that names the field: MALFORMED_PLAN, MALFORMED_CUBIN or
// MALFORMED_KERNEL.
absl::Status CheckKernel(const v1::Kernel& kernel, std::string_view cubin);

// A cublasLt algorithm: 64 bytes, and a workspace of 0 to 2^40 bytes. INVALID_ARGUMENT, reason
// MALFORMED_KERNEL.
absl::Status CheckVendorKernel(const v1::VendorKernel& vendor);

// The variant's part of CheckKernel.
absl::Status CheckVariant(const v1::Variant& variant);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_KERNEL_H_
