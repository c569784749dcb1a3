#ifndef TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_GEMM_SM90_TEMPLATE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_GEMM_SM90_TEMPLATE_H_

#include <vector>

#include "kernel_templates/abi/gemm_sm90_config.h"
#include "tuner/template/tiled_gemm/tiled_gemm_template.h"

namespace tilewright {

// kernel_templates/gemm/gemm_sm90.cuh: warpgroups fed by TMA, for compute capability 9.0.
class GemmSm90Template : public TiledGemmTemplate<GemmSm90Config> {
 public:
  GemmSm90Template();

 private:
  bool Serves(const v1::GemmProblem& gemm, const v1::Silicon& silicon) const override;
  std::vector<GemmSm90Config> Kernels(const v1::GemmProblem& gemm,
                                      const v1::Silicon& silicon) const override;
  v1::LaunchPlan Plan(const v1::GemmProblem& gemm, const v1::Silicon& silicon,
                      const GemmSm90Config& config) const override;
  v1::Requirements Requirements(const v1::GemmProblem& gemm,
                                const GemmSm90Config& config) const override;
  double PredictKernel(const v1::GemmProblem& gemm, const MachineModel& machine,
                       const GemmSm90Config& config) const override;
  v1::Precision Precision(const v1::GemmProblem& gemm, const GemmSm90Config& config) const override;
  GemmInstance Instance(const GemmSm90Config& config) const override;
  GemmSm90Config Unmirrored(GemmSm90Config config) const override;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_GEMM_SM90_GEMM_SM90_TEMPLATE_H_
