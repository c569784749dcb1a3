#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_CONFIGS_TO_TRY_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_CONFIGS_TO_TRY_H_

#include <vector>

#include "kernel_templates/abi/gemm_sm90_config.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright::sm90 {

// Returns the configs of gemm_sm90 worth a try for `gemm`, in a fixed order. All are legal. Pure;
// any thread.
std::vector<GemmSm90Config> ConfigsToTry(const v1::GemmProblem& gemm, const v1::Silicon& silicon);

}  // namespace tilewright::sm90

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_CONFIGS_TO_TRY_H_
