#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_WITHOUT_PRODUCTS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_WITHOUT_PRODUCTS_H_

#include <cuda.h>

#include "absl/status/status.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "kernel_templates/launch/vendor/vendor_abi.h"
#include "kernel_templates/launch/vendor/vendor_types.h"
#include "tilewright/gemm.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright::vendor {

// A launch whose alpha is 0: D = beta * C, and nothing of A and B may reach it. cublasLt promises
// that a C with a beta of 0 is not read, and no such thing of A and B: its matmul is free to
// multiply an Inf of theirs with the alpha of 0. So D is written without it.

// UNIMPLEMENTED, reason ALPHA_IS_ZERO: cublasLt has nothing else that writes such a D.
absl::Status CheckWithoutProducts(const v1::GemmProblem& problem, const GemmArguments& operands);

// After CheckWithoutProducts and the checks of the operands.
absl::Status LaunchWithoutProducts(const DriverApi& driver, const Api& api, Handle handle,
                                   const v1::GemmProblem& problem, const Types& types,
                                   const GemmArguments& operands, CUstream stream);

}  // namespace tilewright::vendor

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_WITHOUT_PRODUCTS_H_
