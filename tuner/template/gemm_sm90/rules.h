// Legality of gemm_sm90's configs for a problem, and what else its space asks of both. Pure; any
// thread.
#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_RULES_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_RULES_H_

#include "kernel_templates/abi/gemm_sm90_config.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/template/rule.h"

namespace tilewright::sm90 {

// Rows that TMA reads and writes begin, and those that it writes end, at multiples of it.
inline constexpr int kTmaAlignment = 16;

// Whether TMA can read the operands (rows that begin at 16 bytes) and wgmma take them (16-bit
// types in every layout, others contiguous along k), in a precision that the problem admits.
bool ServesOperands(const v1::GemmProblem& gemm, const v1::Silicon& silicon);

// Of a config for a canonical problem whose operands are served. Static lifetime.
Rules<v1::GemmProblem, GemmSm90Config> AllRules();

// Elements of k that a stage holds.
int TileK(const v1::GemmProblem& gemm);

// The precision that `promote`, `products` and `fp16_sums` make of the inputs.
v1::Precision PrecisionOf(const v1::GemmProblem& gemm, const GemmSm90Config& config);

// How D goes to memory.
StorePath StorePathFor(const v1::GemmProblem& gemm, const GemmSm90Config& config);

}  // namespace tilewright::sm90

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_RULES_H_
