// What is checked of a caller's operands, of any family. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_OPERAND_CHECKS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_OPERAND_CHECKS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "proto/problem/tensor_use.h"
#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

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

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_PLAN_OPERAND_CHECKS_H_
