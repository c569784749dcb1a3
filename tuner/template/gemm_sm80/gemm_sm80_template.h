#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_GEMM_SM80_TEMPLATE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_GEMM_SM80_TEMPLATE_H_

#include "tuner/template/template.h"

namespace tilewright {

// kernel_templates/gemm/gemm_sm80.cuh: tensor cores through mma.sync, for every GPU from 8.0 on.
const Template& GemmSm80Template();

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_GEMM_SM80_TEMPLATE_H_
