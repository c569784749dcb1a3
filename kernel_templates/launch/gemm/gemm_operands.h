// Checks and packs what a caller passes to a launch of a GEMM. Pure; any thread.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_OPERANDS_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_OPERANDS_H_

#include "absl/status/status.h"
#include "kernel_templates/abi/kernel_args.h"
#include "kernel_templates/launch/plan/operand_table.h"
#include "proto/problem/gemm/gemm_tensors.h"
#include "tilewright/gemm.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The tensors in the structures of both sides.
using GemmOperandTable = OperandTable<kLastGemmTensor, GemmArguments, GemmArgs>;
inline constexpr GemmOperandTable kGemmOperands = {{
    {GemmTensor::kA, &GemmArguments::a, &GemmArgs::a, &GemmArgs::lda, &GemmArgs::a_batch_stride},
    {GemmTensor::kB, &GemmArguments::b, &GemmArgs::b, &GemmArgs::ldb, &GemmArgs::b_batch_stride},
    {GemmTensor::kC, &GemmArguments::c, &GemmArgs::c, &GemmArgs::ldc, &GemmArgs::c_batch_stride},
    {GemmTensor::kD, &GemmArguments::d, &GemmArgs::d, &GemmArgs::ldd, &GemmArgs::d_batch_stride},
    {GemmTensor::kAux, &GemmArguments::aux, &GemmArgs::aux, &GemmArgs::ld_aux,
     &GemmArgs::aux_batch_stride},
    {GemmTensor::kBias, &GemmArguments::bias, &GemmArgs::bias},
    {GemmTensor::kMask, &GemmArguments::mask, &GemmArgs::mask},
    {GemmTensor::kBiasGradient, &GemmArguments::bias_gradient, &GemmArgs::bias_gradient},
    {GemmTensor::kAmax, &GemmArguments::amax, &GemmArgs::amax},
    {GemmTensor::kNonFinite, &GemmArguments::non_finite, &GemmArgs::non_finite},
    {GemmTensor::kScaleA, &GemmArguments::scale_a, &GemmArgs::scale_a},
    {GemmTensor::kScaleB, &GemmArguments::scale_b, &GemmArgs::scale_b},
    {GemmTensor::kScaleD, &GemmArguments::scale_d, &GemmArgs::scale_d},
    {GemmTensor::kDeviceAlpha, &GemmArguments::device_alpha, &GemmArgs::device_alpha},
    {GemmTensor::kDeviceBeta, &GemmArguments::device_beta, &GemmArgs::device_beta},
}};
static_assert(kGemmOperands.IsInOrder());

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

// Checks a canonical problem against the plan's requirements. `uses` is TensorsOf(problem), here
// and below.
absl::Status CheckGemmShape(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                            const TensorUses& uses);

// Checks a caller's operands against the canonical problem: needed pointers are there and aligned,
// workspace and mask are large enough, and random bits have an offset. INVALID_ARGUMENT names the
// operand: "operands.a".
absl::Status CheckGemmOperands(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                               const TensorUses& uses, const GemmArguments& operands);

// Packs the arguments of all steps. Parts that the problem does not have are null or zero, whatever
// the operands say. REQUIRES: operands and shape have been checked.
GemmArgs PackGemm(const v1::LaunchPlan& plan, const v1::GemmProblem& problem,
                  const TensorUses& uses, const GemmArguments& operands);

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_GEMM_GEMM_OPERANDS_H_
