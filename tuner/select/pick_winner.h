#ifndef TILEWRIGHT_TUNER_SELECT_PICK_WINNER_H_
#define TILEWRIGHT_TUNER_SELECT_PICK_WINNER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

struct Pick {
  std::size_t index = 0;  // Into the candidates.
  double margin = 0;      // Runner-up's median over the winner's, less one; 0 if alone.
  std::string reason;     // One sentence for people.
};

// The candidate to serve. Measured candidates only where any was measured; else the
// lowest prediction. Nothing where every candidate failed. Pure.
//
// Among equals it is the earliest in a stable order, templates before vendors, then the order
// given: an answer that changes from run to run is a new kernel in every trainer for no gain.
// Equal are those within 1 % of the fastest, round by round, that no other finalist is
// significantly faster than (paired_test.h). The chance that equals lose their rank is kept at one
// run in fifty over all comparisons together: each of them gets its share (Bonferroni), because of
// sixteen comparisons at 2 % one is significant by luck every fourth run. What is significant
// still has to exceed 0.2 %: the event clock ticks in half microseconds, which of samples of
// 100 us leaves 0.1 % after 25 rounds, and where a candidate's buffers lie favours it through a
// whole run and in the next one another. The 1 % bounds what a stable choice may cost where rounds
// are few or wild.
std::optional<Pick> PickWinner(const std::vector<v1::Candidate>& candidates);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SELECT_PICK_WINNER_H_
