#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_GEMM_SM80_TEMPLATE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_GEMM_SM80_TEMPLATE_H_

#include <string>
#include <vector>

#include "kernel_templates/abi/gemm_sm80_config.h"
#include "tuner/template/tiled_gemm/tiled_gemm_template.h"

namespace tilewright {

// kernel_templates/gemm/gemm_sm80.cuh: tensor cores through mma.sync, for every GPU from 8.0 on.
class GemmSm80Template : public TiledGemmTemplate<GemmSm80Config> {
 public:
  GemmSm80Template();

 private:
  bool Serves(const v1::GemmProblem& gemm, const v1::Silicon& silicon) const override;
  std::vector<GemmSm80Config> Kernels(const v1::GemmProblem& gemm,
                                      const v1::Silicon& silicon) const override;
  v1::LaunchPlan Plan(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                      const GemmSm80Config& config) const override;
  double PredictKernel(const v1::GemmProblem& gemm, const MachineModel& machine,
                       const GemmSm80Config& config) const override;
  v1::Precision Precision(const v1::GemmProblem& gemm, const GemmSm80Config& config) const override;
  GemmInstance Instance(const GemmSm80Config& config) const override;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM80_GEMM_SM80_TEMPLATE_H_
