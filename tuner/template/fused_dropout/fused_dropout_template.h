#ifndef TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_FUSED_DROPOUT_TEMPLATE_H_
#define TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_FUSED_DROPOUT_TEMPLATE_H_

#include <string>
#include <string_view>
#include <vector>

#include "kernel_templates/abi/fused_dropout_config.h"
#include "tuner/template/typed_template.h"

namespace tilewright {

// Entry symbols of the template, extern "C".
inline constexpr std::string_view kFusedDropoutEntry = "tilewright_fused_dropout";
inline constexpr std::string_view kColumnReduceEntry = "tilewright_column_reduce";

// kernel_templates/dropout/fused_dropout.cuh, for every GPU from 8.0 on.
class FusedDropoutTemplate : public TypedTemplate<v1::FusedDropoutProblem, FusedDropoutConfig> {
 public:
  FusedDropoutTemplate();

 private:
  const Problem* PartOf(const v1::Problem& problem) const override;
  bool Serves(const Problem& problem, const v1::Silicon& silicon) const override;
  std::vector<Config> Candidates(const Problem& problem, const v1::Silicon& silicon) const override;
  v1::LaunchPlan Plan(const Problem& problem, const v1::Silicon& silicon,
                      const Config& config) const override;
  v1::Requirements Requirements(const Problem& problem, const Config& config) const override;
  double Predict(const Problem& problem, const v1::Silicon& silicon,
                 const Config& config) const override;
  std::string Source(const Problem& problem, const Config& config) const override;
  v1::Precision Precision(const Problem& problem, const Config& config) const override;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_TEMPLATE_FUSED_DROPOUT_FUSED_DROPOUT_TEMPLATE_H_
