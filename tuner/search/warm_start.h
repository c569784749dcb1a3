#ifndef TILEWRIGHT_TUNER_SEARCH_WARM_START_H_
#define TILEWRIGHT_TUNER_SEARCH_WARM_START_H_

#include <vector>

#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/store/index/winner_index.h"
#include "tuner/template/registry.h"

namespace tilewright {

// Moves the variant that won the problem itself, or the nearest one of its family, to the front
// of `ranked`, where it is among them. What was measured next door is better evidence than the
// model, and as the first it is compiled under every limit and measured under every budget.
// Pure; any thread.
void StartWarm(const v1::Problem& problem, const v1::Target& target, const WinnerIndex& index,
               std::vector<RankedVariant>& ranked);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_WARM_START_H_
