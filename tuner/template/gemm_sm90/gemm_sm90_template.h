#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_GEMM_SM90_TEMPLATE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_GEMM_SM90_TEMPLATE_H_

#include "tuner/template/template.h"

namespace tilewright {

// kernel_templates/gemm/gemm_sm90.cuh: warpgroups fed by TMA, for compute capability 9.0.
const Template& GemmSm90Template();

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_GEMM_SM90_TEMPLATE_H_
