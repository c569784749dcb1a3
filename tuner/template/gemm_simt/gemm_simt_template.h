#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SIMT_GEMM_SIMT_TEMPLATE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SIMT_GEMM_SIMT_TEMPLATE_H_

#include "tuner/template/template.h"

namespace tilewright {

// kernel_templates/gemm/gemm_simt.cuh: fp32 on CUDA cores, for every GPU from 8.0 on.
const Template& GemmSimtTemplate();

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SIMT_GEMM_SIMT_TEMPLATE_H_
