// What is checked of a shape, and of a caller's operands, before anything reaches the GPU. Pure;
// any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_LAUNCH_CHECKS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_LAUNCH_CHECKS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "proto/problem/family.h"
#include "proto/problem/tensor_use.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

// FAILED_PRECONDITION, reason ARCHITECTURE_MISMATCH. `compute_capability` is 90 for 9.0. Native
// code runs on its own major version from its minor one on; that of an architecture-specific
// target ("sm_90a") runs on exactly that one.
absl::Status CheckArchitecture(std::string_view architecture, int compute_capability);

// A canonical problem, of this shape and with these tensors, against all that `plan` requires but
// alignments. INVALID_ARGUMENT names one of `fields`, or the operand whose strides no tensor map
// can follow.
absl::Status CheckExtents(const v1::LaunchPlan& plan, const ShapeFields& fields,
                          const ProblemShape& shape, const TensorUses& uses);

// The same, and the alignment of strides: the field of one is named.
absl::Status CheckRequirements(const v1::LaunchPlan& plan, const ShapeFields& fields,
                               const ProblemShape& shape, const TensorUses& uses);

// INVALID_ARGUMENT naming the operand ("operands.aux"): the pointer of a tensor that the launch
// needs is null, or not aligned to `alignment` bytes.
absl::Status CheckPointer(const char* name, const void* pointer, int alignment);

// The same of `use`, as `requirements` ask.
absl::Status CheckPointer(const TensorUse& use, const void* pointer,
                          const v1::Requirements& requirements);

// A dropout mask of `given` bytes, where the caller tells them; 0: not told.
absl::Status CheckMaskBytes(const TensorUse& mask, int64_t given);

// A workspace of `needed` bytes.
absl::Status CheckWorkspaceOperand(const void* workspace, int64_t bytes, int64_t needed);

// An offset that was given and that random bits can take.
absl::Status CheckOffsetOperand(uint64_t offset);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_LAUNCH_CHECKS_H_
