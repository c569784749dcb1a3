#include "tuner/search/competing_templates.h"

#include <algorithm>

#include "tuner/template/registry.h"

namespace tilewright {

std::vector<v1::TemplateDigest> CompetingTemplates(const v1::Problem& problem,
                                                   const v1::Silicon& silicon) {
  std::vector<v1::TemplateDigest> competing;
  for (const v1::TemplateDigest& digest : TemplateDigests()) {
    if (FindTemplate(digest.template_name())->Supports(problem, silicon)) {
      competing.push_back(digest);
    }
  }
  return competing;
}

bool HasOtherCompetitors(const v1::Winner& winner) {
  const auto& known = winner.template_digests();
  const auto competed = [&](const v1::TemplateDigest& today) {
    return std::any_of(known.begin(), known.end(), [&](const v1::TemplateDigest& then) {
      return then.template_name() == today.template_name() && then.digest() == today.digest();
    });
  };
  const auto today = CompetingTemplates(winner.problem(), winner.target().silicon());
  return !std::all_of(today.begin(), today.end(), competed);
}

}  // namespace tilewright
