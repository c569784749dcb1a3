// Checks a shape and a caller's operands before anything reaches the GPU. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_LAUNCH_CHECKS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_LAUNCH_CHECKS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "proto/problem/family.h"
#include "proto/problem/tensor_use.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// FAILED_PRECONDITION, reason ARCHITECTURE_MISMATCH: Architecture::RunsOn says that the GPU does
// not run code for `architecture` ("sm_90a"). `compute_capability` is 90 for 9.0.
absl::Status CheckArchitecture(std::string_view architecture, int compute_capability);

// Checks a canonical problem of this shape and with these tensors against all requirements of
// `plan` except alignments. INVALID_ARGUMENT names one of `fields`, or an operand with strides that
// no tensor map can follow.
absl::Status CheckExtents(const v1::LaunchPlan& plan, const ShapeFields& fields,
                          const ProblemShape& shape, const TensorUses& uses);

// Checks the same and the alignment of strides. An error names the field of the stride.
absl::Status CheckRequirements(const v1::LaunchPlan& plan, const ShapeFields& fields,
                               const ProblemShape& shape, const TensorUses& uses);

// INVALID_ARGUMENT names the operand ("operands.aux"): the launch needs this pointer, and it is
// null or not aligned to `alignment` bytes.
absl::Status CheckPointer(const char* name, const void* pointer, int alignment);

// Checks the same for `use`, with the alignment in `requirements`.
absl::Status CheckPointer(const TensorUse& use, const void* pointer,
                          const v1::Requirements& requirements);

// Checks the size of the dropout mask. `given`: its bytes if the caller says them, else 0.
absl::Status CheckMaskBytes(const TensorUse& mask, int64_t given);

// Checks a workspace of `bytes` bytes. The launch needs `needed` bytes.
absl::Status CheckWorkspaceOperand(const void* workspace, int64_t bytes, int64_t needed);

// Checks that an offset is given and that random bits can use it.
absl::Status CheckOffsetOperand(uint64_t offset);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_LAUNCH_CHECKS_H_
