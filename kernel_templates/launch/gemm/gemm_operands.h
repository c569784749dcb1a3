// Checks and packs what a caller passes to a launch of a GEMM. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_OPERANDS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_OPERANDS_H_

#include "absl/status/status.h"
#include "kernel_templates/abi/kernel_args.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "tilewright/gemm.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Returns the operand for a tensor.
const void* PointerOf(GemmTensor tensor, const GemmArguments& operands);
void SetPointer(GemmTensor tensor, void* pointer, GemmArguments& operands);

// Returns whether a launch reads C. A residual is always read. An accumulated C is not read if beta
// is 0, as in BLAS. A beta in device memory is not known before the launch, so C must be there.
bool ReadsSource(const v1::GemmProblem& problem, const GemmArguments& operands);

// Checks C if the launch reads it. It must be aligned to `alignment` bytes.
absl::Status CheckSource(const v1::GemmProblem& problem, const GemmArguments& operands,
                         int alignment);

// Checks that alpha suits D: an int32 D is the exact sum. Canonical problems with an int32 D have
// no scalars in device memory.
absl::Status CheckAlpha(const v1::GemmProblem& problem, const GemmArguments& operands);

// Checks the scales of the problem: not null, aligned to `alignment` bytes, and with as many
// elements as the problem needs, if the caller gives a number.
absl::Status CheckScales(const v1::GemmProblem& problem, const GemmArguments& operands,
                         int alignment);

// Refuses a D in the place of a C that all batches share: other batches still read that C.
absl::Status CheckSharedSource(const v1::GemmProblem& problem, const GemmArguments& operands);

// Checks a canonical problem against the plan's requirements.
absl::Status CheckGemmShape(const v1::LaunchPlan& plan, const v1::GemmProblem& problem);

// Checks a caller's operands against the canonical problem: needed pointers are there and aligned,
// workspace and mask are large enough, and random bits have an offset. INVALID_ARGUMENT names the
// operand: "operands.a".
absl::Status CheckGemmOperands(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                               const GemmArguments& operands);

// Packs the arguments of all steps. Parts that the problem does not have are null or zero, whatever
// the operands say. REQUIRES: operands and shape have been checked.
GemmArgs PackGemm(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                  const GemmArguments& operands);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_OPERANDS_H_
