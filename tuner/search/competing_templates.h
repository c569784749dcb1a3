// Finds the templates that compete for a problem, and tells if they changed since a winner was
// found. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_SEARCH_COMPETING_TEMPLATES_H_
#define TILEWRIGHT_TUNER_SEARCH_COMPETING_TEMPLATES_H_

#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Returns the templates of this version that can compute the canonical `problem` on `silicon`,
// sorted by name, with the digests of their sources.
std::vector<v1::TemplateDigest> CompetingTemplates(const v1::Problem& problem,
                                                   const v1::Silicon& silicon);

// Tells if the competition for `winner` would be different today: a template that competed has
// changed, or one that did not compete now serves the problem. The kernel is still right and as
// fast as before, but another one may beat it.
bool HasOtherCompetitors(const v1::Winner& winner);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_COMPETING_TEMPLATES_H_
