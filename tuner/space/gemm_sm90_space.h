#ifndef TILEWRIGHT_TUNER_SPACE_GEMM_SM90_SPACE_H_
#define TILEWRIGHT_TUNER_SPACE_GEMM_SM90_SPACE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/space/search_space.h"

namespace tilewright {

// The space of kernel_templates/gemm/gemm_sm90.cuh: wgmma and TMA, for GPUs of 9.0.
class GemmSm90Space : public SearchSpace {
 public:
  std::string_view template_name() const override { return "gemm_sm90"; }
  // Operands that TMA can read (rows of 16 bytes' alignment) and wgmma can take (16-bit types in
  // every layout, others contiguous along k).
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

#endif  // TILEWRIGHT_TUNER_SPACE_GEMM_SM90_SPACE_H_
