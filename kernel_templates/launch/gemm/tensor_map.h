#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_TENSOR_MAP_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_TENSOR_MAP_H_

#include <cuda.h>

#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Encodes the TMA descriptor of one operand. The rank is always 3, so kernels have one form of
// access: (along a row, across rows, across batches). Elements outside the matrix read as zero.
// INVALID_ARGUMENT names an operand that TMA cannot read.
absl::StatusOr<CUtensorMap> EncodeTensorMap(const DriverApi& driver, const v1::TensorMapSpec& spec,
                                            const v1::GemmProblem& problem, const void* address);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_TENSOR_MAP_H_
