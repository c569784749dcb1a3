#ifndef TILEWRIGHT_TUNER_SELECT_PICK_WINNER_H_
#define TILEWRIGHT_TUNER_SELECT_PICK_WINNER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

struct Pick {
  std::size_t index = 0;  // In the candidates.
  double margin = 0;      // The runner-up's median over the winner's, less one; 0 if alone.
  std::string reason;     // One sentence for people.
};

// Picks the candidate to serve. Uses only measured candidates if there are any, else the lowest
// prediction. Returns nothing if every candidate failed. Pure.
//
// Among equals it picks the first in a fixed order: templates before vendors, then the given order.
// An answer that changes from run to run is a new kernel in every trainer for no gain. Candidates
// are equal if they are within 1 % of the fastest, round by round, and no other finalist is
// significantly faster (paired_test.h). The chance that an equal loses its rank is one run in
// fifty over all comparisons together. Each comparison gets its share (Bonferroni), because of 16
// comparisons at 2 % one is significant by luck every fourth run. A significant difference must
// also exceed 0.2 %, for two reasons. The event clock ticks in half microseconds, which leaves
// 0.1 % of a sample of 100 us after 25 rounds. And the address of its buffers favours one candidate
// in one run and another in the next. The 1 % limits what the fixed order may cost if the rounds
// are few or noisy.
std::optional<Pick> PickWinner(const std::vector<v1::Candidate>& candidates);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SELECT_PICK_WINNER_H_
