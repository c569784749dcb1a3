#ifndef TILEWRIGHT_TUNER_SPACE_GEMM_SIMT_SPACE_H_
#define TILEWRIGHT_TUNER_SPACE_GEMM_SIMT_SPACE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel_templates/abi/gemm_simt_config.h"
#include "tuner/space/machine_model.h"
#include "tuner/space/search_space.h"

namespace tilewright {

// The space of kernel_templates/gemm/gemm_simt.cuh: fp32 on CUDA cores, for every
// GPU from 8.0 on.
class GemmSimtSpace : public SearchSpace {
 public:
  std::string_view template_name() const override { return "gemm_simt"; }
  bool Supports(const v1::Problem& problem, const v1::Silicon& silicon) const override;
  std::vector<v1::Config> Enumerate(const v1::Problem& problem,
                                    const v1::Silicon& silicon) const override;
  std::optional<std::string> BrokenConstraint(const v1::Problem& problem,
                                              const v1::Silicon& silicon,
                                              const v1::Config& config) const override;
  absl::StatusOr<v1::LaunchPlan> PlanFor(const v1::Problem& problem, const v1::Silicon& silicon,
                                         const v1::Config& config) const override;
  double PredictSeconds(const v1::Problem& problem, const v1::Silicon& silicon,
                        const v1::Config& config) const override;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SPACE_GEMM_SIMT_SPACE_H_
