// Checks native code from outside: a whole ELF file for the stated GPU that has the functions which
// its plan launches. It does not check what the functions do: for that the caller must trust their
// author. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_CUBIN_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_CUBIN_H_

#include <string_view>

#include "absl/status/status.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// INVALID_ARGUMENT, reason MALFORMED_CUBIN, field "cubin": `cubin` is not a 64-bit ELF file for
// CUDA's machine; its headers, sections or symbols reach beyond its end; its code is for another
// GPU than `architecture` ("sm_90a"); or a step of `plan` names a function that it does not define.
absl::Status CheckCubin(std::string_view cubin, std::string_view architecture,
                        const v1::LaunchPlan& plan);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_CHECK_CUBIN_H_
