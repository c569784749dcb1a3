#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SIMT_GEMM_SIMT_TEMPLATE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SIMT_GEMM_SIMT_TEMPLATE_H_

#include <string>
#include <vector>

#include "kernel_templates/abi/gemm_simt_config.h"
#include "tuner/template/tiled_gemm/tiled_gemm_template.h"

namespace tilewright {

// kernel_templates/gemm/gemm_simt.cuh: fp32 on CUDA cores, for every GPU from 8.0 on.
class GemmSimtTemplate : public TiledGemmTemplate<GemmSimtConfig> {
 public:
  GemmSimtTemplate();

 private:
  bool Serves(const v1::GemmProblem& gemm, const v1::Silicon& silicon) const override;
  std::vector<GemmSimtConfig> Kernels(const v1::GemmProblem& gemm,
                                      const v1::Silicon& silicon) const override;
  v1::LaunchPlan Plan(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                      const GemmSimtConfig& config) const override;
  double PredictKernel(const v1::GemmProblem& gemm, const MachineModel& machine,
                       const GemmSimtConfig& config) const override;
  v1::Precision Precision(const v1::GemmProblem& gemm, const GemmSimtConfig& config) const override;
  GemmInstance Instance(const GemmSimtConfig& config) const override;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SIMT_GEMM_SIMT_TEMPLATE_H_
