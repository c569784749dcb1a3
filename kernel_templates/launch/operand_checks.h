#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_OPERAND_CHECKS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_OPERAND_CHECKS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernel_templates/launch/kernel_launcher.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// A pointer that is there where it is needed, aligned to `alignment` bytes.
absl::Status CheckPointer(const char* field, const void* pointer, bool needed, int alignment);

// Whether a launch reads C: a residual always; what is accumulated not where beta is 0, as BLAS has
// it. A beta in device memory is not known before the kernel runs, so that C has to be there.
bool ReadsSource(const v1::GemmProblem& problem, const GemmOperands& operands);

// C where the launch reads it, aligned to `alignment` bytes.
absl::Status CheckSource(const v1::GemmProblem& problem, const GemmOperands& operands,
                         int alignment);

// alpha and beta: there where they are read from device memory, and an alpha that D can take.
absl::Status CheckScalars(const v1::GemmProblem& problem, const GemmOperands& operands);

// A C that all batches share, and that D would overwrite while others still read it.
absl::Status CheckSharedSource(const v1::GemmProblem& problem, const GemmOperands& operands);

// A workspace of `needed` bytes.
absl::Status CheckWorkspaceOperand(const void* workspace, int64_t bytes, int64_t needed);

// An offset that was given and that random bits can take.
absl::Status CheckOffsetOperand(uint64_t offset);

// What a caller passes against the problem: pointers that are there where needed and aligned,
// enough workspace and mask, an offset for random bits. INVALID_ARGUMENT names the operand:
// "operands.a". Pure; any thread.
absl::Status CheckOperands(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                           const GemmOperands& operands);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_OPERAND_CHECKS_H_
