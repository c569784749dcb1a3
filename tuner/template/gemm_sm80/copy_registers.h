#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_COPY_REGISTERS_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_COPY_REGISTERS_H_

#include "kernel_templates/abi/gemm_sm80_config.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The narrowest copy of cp.async, in bytes.
inline constexpr int kNarrowestAsyncCopy = 4;

// Returns the registers that a thread of gemm_sm80 needs for its copies beyond the plain case.
// RegisterEstimate covers the plain case: rows along k that allow 16-byte accesses. REQUIRES:
// `config` keeps the legality rules of its template up to CopiesFitMask.
int ExtraCopyRegisters(const v1::GemmProblem& gemm, const GemmSm80Config& config);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_COPY_REGISTERS_H_
