#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_COPY_REGISTERS_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_COPY_REGISTERS_H_

#include "kernel_templates/abi/gemm_sm80_config.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Narrowest copy that cp.async makes, bytes.
inline constexpr int kNarrowestAsyncCopy = 4;

// Registers a thread of gemm_sm80 needs for its copies beyond those of the plain case, rows
// along k that admit 16-byte accesses, for which RegisterEstimate allows. `config` has kept
// the legality rules of its template up to CopiesFitMask.
int ExtraCopyRegisters(const v1::GemmProblem& gemm, const GemmSm80Config& config);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_COPY_REGISTERS_H_
