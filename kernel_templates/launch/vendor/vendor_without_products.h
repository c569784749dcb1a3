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

// For launches with alpha 0: D = beta * C, and no value of A or B may reach D. cublasLt promises
// not to read C if beta is 0. It promises nothing such for A and B: its matmul may multiply an Inf
// in them by the alpha of 0. So D is written without matmul.

// UNIMPLEMENTED, reason ALPHA_IS_ZERO: no other call of cublasLt can write this D.
absl::Status CheckWithoutProducts(const v1::GemmProblem& problem, const GemmArguments& operands);

// REQUIRES: CheckWithoutProducts and the checks of the operands are OK.
absl::Status LaunchWithoutProducts(const DriverApi& driver, const Api& api, Handle handle,
                                   const v1::GemmProblem& problem, const Types& types,
                                   const GemmArguments& operands, CUstream stream);

}  // namespace tilewright::vendor

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_VENDOR_VENDOR_WITHOUT_PRODUCTS_H_
