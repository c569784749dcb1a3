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
// lowest prediction. Among candidates whose medians cannot be told apart (the difference
// is within the noise), the earliest in a stable order: templates before vendors, then the
// order given. Nothing where every candidate failed. Pure.
std::optional<Pick> PickWinner(const std::vector<v1::Candidate>& candidates);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SELECT_PICK_WINNER_H_
