// Which templates compete for a problem, and whether those that a winner beat are still the same.
// Pure; any thread.
#ifndef TILEWRIGHT_TUNER_SEARCH_COMPETING_TEMPLATES_H_
#define TILEWRIGHT_TUNER_SEARCH_COMPETING_TEMPLATES_H_

#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// The templates of this version that can compute the canonical `problem` on `silicon`, sorted by
// name, with the digests of their sources.
std::vector<v1::TemplateDigest> CompetingTemplates(const v1::Problem& problem,
                                                   const v1::Silicon& silicon);

// Whether the competition for `winner` would be another one today: a template that competed has
// changed, or one serves its problem that did not compete. Its kernel is as right and as fast as
// it was, and may be beaten.
bool HasOtherCompetitors(const v1::Winner& winner);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_COMPETING_TEMPLATES_H_
