#include "tuner/search/warm_start.h"

#include <algorithm>
#include <string>

namespace tilewright {

void StartWarm(const v1::Problem& problem, const v1::Target& target, const WinnerIndex& index,
               std::vector<RankedVariant>& ranked) {
  IndexQuery query;
  query.problem = problem;
  query.silicon = target.silicon();
  query.environment = target.environment();
  const IndexHit hit = index.Find(query);
  if (hit.winner == nullptr || !hit.winner->kernel.has_variant()) return;
  const v1::Variant& won = hit.winner->kernel.variant();
  const std::string config = won.config().SerializeAsString();
  const auto found = std::find_if(ranked.begin(), ranked.end(), [&](const RankedVariant& one) {
    return one.variant.template_name() == won.template_name() &&
           one.variant.config().SerializeAsString() == config;
  });
  if (found != ranked.end()) std::rotate(ranked.begin(), found, found + 1);
}

}  // namespace tilewright
