#include "tuner/space/search_space.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/support/errors.h"
#include "tuner/space/fused_dropout_space.h"
#include "tuner/space/gemm_simt_space.h"
#include "tuner/space/gemm_sm80_space.h"
#include "tuner/space/gemm_sm90_space.h"

namespace tilewright {

const std::vector<const SearchSpace*>& SearchSpaces() {
  static const auto* const spaces = new std::vector<const SearchSpace*>{
      new GemmSimtSpace, new GemmSm80Space, new GemmSm90Space, new FusedDropoutSpace};
  return *spaces;
}

std::vector<RankedVariant> RankVariants(const v1::Problem& problem, const v1::Silicon& silicon) {
  std::vector<RankedVariant> ranked;
  for (const SearchSpace* space : SearchSpaces()) {
    if (!space->Supports(problem, silicon)) continue;
    for (v1::Config& config : space->Enumerate(problem, silicon)) {
      RankedVariant variant;
      variant.predicted_seconds = space->PredictSeconds(problem, silicon, config);
      variant.variant.set_template_name(std::string(space->template_name()));
      *variant.variant.mutable_config() = std::move(config);
      ranked.push_back(std::move(variant));
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return a.predicted_seconds < b.predicted_seconds;
  });
  return ranked;
}

absl::StatusOr<v1::LaunchPlan> PlanForVariant(const v1::Problem& problem,
                                              const v1::Silicon& silicon,
                                              const v1::Variant& variant) {
  for (const SearchSpace* space : SearchSpaces()) {
    if (space->template_name() == variant.template_name()) {
      return space->PlanFor(problem, silicon, variant.config());
    }
  }
  return InvalidField(
      "variant.template_name", "UNKNOWN_TEMPLATE",
      absl::StrCat("no template is named \"", variant.template_name().substr(0, 64), "\""));
}

}  // namespace tilewright
