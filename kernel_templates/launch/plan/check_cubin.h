// Native code as it comes from elsewhere: whether it is an ELF file for the GPU that it is said to
// be for, whole, with the functions that its plan launches. What the functions do is not told by
// this: that is a matter of who made them. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_CUBIN_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_CUBIN_H_

#include <string_view>

#include "absl/status/status.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// INVALID_ARGUMENT, reason MALFORMED_CUBIN, field "cubin", where `cubin` is not a 64-bit ELF file
// for CUDA's machine; where its headers, sections or symbols reach beyond its end; where its code
// is for another GPU than `architecture` ("sm_90a"); or where a step of `plan` names no function
// that it defines.
absl::Status CheckCubin(std::string_view cubin, std::string_view architecture,
                        const v1::LaunchPlan& plan);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_CUBIN_H_
