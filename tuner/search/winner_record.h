// Builds the winner that a tuning stores. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_SEARCH_WINNER_RECORD_H_
#define TILEWRIGHT_TUNER_SEARCH_WINNER_RECORD_H_

#include <vector>

#include "absl/time/time.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/select/pick_winner.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// Returns a winner of the canonical `problem` on `target` with its keys but without a candidate.
StoredWinner MakeWinner(const v1::Problem& problem, const v1::Target& target, absl::Time now);

// Returns `candidate` without its samples, which stay with the tuning.
v1::Candidate WithoutSamples(v1::Candidate candidate);

// Enters in each candidate for `problem` how it multiplies and sums, and if its epilogue is a
// launch of its own.
void EnterArithmetic(const v1::Problem& problem, std::vector<v1::Candidate>& candidates);

// Enters the picked candidate, without its samples, and the reason. `measures` says if any
// candidate could be measured.
void EnterPick(const Pick& pick, const v1::Candidate& best, bool measures, v1::Winner& winner);

// Adds to the reason that the DEFERRED `candidates` might have been better.
void EnterWorkersLost(const std::vector<v1::Candidate>& candidates, v1::Winner& winner);

// Enters the times of the first and the fastest of `vendors`.
void EnterVendorTimes(const std::vector<v1::Candidate>& vendors, v1::Winner& winner);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_WINNER_RECORD_H_
