#include "tuner/search/competing_templates.h"

#include <algorithm>
#include <string>

#include "tuner/codegen/template_library.h"
#include "tuner/space/search_space.h"

namespace tilewright {

std::vector<v1::TemplateDigest> CompetingTemplates(const v1::Problem& problem,
                                                   const v1::Silicon& silicon) {
  std::vector<v1::TemplateDigest> competing;
  for (const SearchSpace* space : SearchSpaces()) {
    if (!space->Supports(problem, silicon)) continue;
    v1::TemplateDigest& digest = competing.emplace_back();
    digest.set_template_name(std::string(space->template_name()));
    digest.set_digest(DigestOfTemplate(space->template_name()));
  }
  std::sort(competing.begin(), competing.end(),
            [](const auto& a, const auto& b) { return a.template_name() < b.template_name(); });
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
