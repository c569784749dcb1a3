#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_TENSOR_MAP_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_TENSOR_MAP_H_

#include <cuda.h>

#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Encodes the TMA descriptor of one operand. Always of rank 3, whatever the batch, so that a
// kernel has one form of access: (along a row, across rows, across batches). Elements
// past the matrix read as zero. INVALID_ARGUMENT names the operand that TMA cannot take.
absl::StatusOr<CUtensorMap> EncodeTensorMap(const DriverApi& driver, const v1::TensorMapSpec& spec,
                                            const v1::GemmProblem& problem, const void* address);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_TENSOR_MAP_H_
