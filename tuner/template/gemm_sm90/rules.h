// Legality of gemm_sm90's configs for a problem, and other questions about both. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_RULES_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_RULES_H_

#include "kernel_templates/abi/gemm_sm90_config.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/template/rule.h"

namespace tilewright::sm90 {

// Rows that TMA reads or writes begin at multiples of this. Rows that it writes also end there.
inline constexpr int kTmaAlignment = 16;

// Tells if TMA can read the operands (rows that begin at 16 bytes) and wgmma can take them (16-bit
// types in every layout, others contiguous along k), in a precision that the problem admits.
bool ServesOperands(const v1::GemmProblem& gemm, const v1::Silicon& silicon);

// Returns the rules for a config and a canonical problem with served operands. Static lifetime.
Rules<v1::GemmProblem, GemmSm90Config> AllRules();

// Returns how many elements of k a stage holds.
int TileK(const v1::GemmProblem& gemm);

// Returns the precision that follows from `promote`, `products` and `fp16_sums`.
v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const GemmSm90Config& config);

// Returns how D goes to memory.
StorePath StorePathFor(const v1::GemmProblem& gemm, const GemmSm90Config& config);

}  // namespace tilewright::sm90

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_RULES_H_
