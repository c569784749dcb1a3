#ifndef TILEWRIGHT_TUNER_SPACE_FUSED_DROPOUT_SPACE_H_
#define TILEWRIGHT_TUNER_SPACE_FUSED_DROPOUT_SPACE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/space/search_space.h"

namespace tilewright {

// The fused-dropout kernels, on compute capability 8.0 and later. Stateless; any thread.
class FusedDropoutSpace : public SearchSpace {
 public:
  std::string_view template_name() const override { return "fused_dropout"; }
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

#endif  // TILEWRIGHT_TUNER_SPACE_FUSED_DROPOUT_SPACE_H_
