// What a caller passes to a launch of a GEMM, checked and packed. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_OPERANDS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_OPERANDS_H_

#include "absl/status/status.h"
#include "kernel_templates/abi/kernel_args.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "tilewright/gemm.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The operand of a tensor.
const void* PointerOf(GemmTensor tensor, const GemmArguments& operands);
void SetPointer(GemmTensor tensor, void* pointer, GemmArguments& operands);

// Whether a launch reads C: a residual always; what is accumulated not where beta is 0, as BLAS has
// it. A beta in device memory is not known before the kernel runs, so that C has to be there.
bool ReadsSource(const v1::GemmProblem& problem, const GemmArguments& operands);

// C where the launch reads it, aligned to `alignment` bytes.
absl::Status CheckSource(const v1::GemmProblem& problem, const GemmArguments& operands,
                         int alignment);

// alpha and beta: there where they are read from device memory, and an alpha that D can take.
absl::Status CheckScalars(const v1::GemmProblem& problem, const GemmArguments& operands);

// Scales where the problem has them: there, aligned to `alignment` bytes, and of as many elements
// as the caller tells.
absl::Status CheckScales(const v1::GemmProblem& problem, const GemmArguments& operands,
                         int alignment);

// A C that all batches share, and that D would overwrite while others still read it.
absl::Status CheckSharedSource(const v1::GemmProblem& problem, const GemmArguments& operands);

// A canonical problem against what the plan requires.
absl::Status CheckGemmShape(const v1::LaunchPlan& plan, const v1::GemmProblem& problem);

// What a caller passes against the canonical problem: pointers that are there where needed and
// aligned, enough workspace and mask, an offset for random bits. INVALID_ARGUMENT names the
// operand: "operands.a".
absl::Status CheckGemmOperands(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                               const GemmArguments& operands);

// The arguments that every step takes. What the problem does not have is null or zero, whatever the
// operands say. Operands and shape have been checked.
GemmArgs PackGemm(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                  const GemmArguments& operands);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_OPERANDS_H_
