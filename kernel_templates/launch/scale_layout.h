// The scale tensors of a canonical GEMM problem: packed fp32 in device memory, laid out as
// ScalingMode in problem.proto says. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_SCALE_LAYOUT_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_SCALE_LAYOUT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernel_templates/launch/kernel_launcher.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Elements of OPERAND_SCALE_A, _B or _D; 0 where the problem has no such scales.
int64_t ScaleElements(const v1::GemmProblem& problem, v1::Operand operand);

// INVALID_ARGUMENT naming the operand ("operands.scale_a"): it is needed and null, not aligned to
// `alignment` bytes, or told to have another number of elements than the problem needs.
absl::Status CheckScales(const v1::GemmProblem& problem, const GemmOperands& operands,
                         int alignment);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_SCALE_LAYOUT_H_
