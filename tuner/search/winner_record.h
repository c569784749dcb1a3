// What a tuning writes down of its winner. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_SEARCH_WINNER_RECORD_H_
#define TILEWRIGHT_TUNER_SEARCH_WINNER_RECORD_H_

#include <vector>

#include "absl/time/time.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/select/pick_winner.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// A winner of the canonical `problem` on `target` with its keys and no candidate yet.
StoredWinner MakeWinner(const v1::Problem& problem, const v1::Target& target, absl::Time now);

// `candidate` as winners hold it: its samples stay with the tuning.
v1::Candidate WithoutSamples(v1::Candidate candidate);

// States of each candidate for `problem` how it multiplies and sums, and whether its epilogue is a
// launch of its own.
void EnterArithmetic(const v1::Problem& problem, std::vector<v1::Candidate>& candidates);

// Enters the candidate that was picked, without its samples, and why; `measures` says whether
// any could be measured.
void EnterPick(const Pick& pick, const v1::Candidate& best, bool measures, v1::Winner& winner);

// Adds to the reason that DEFERRED `candidates` may have been better.
void EnterWorkersLost(const std::vector<v1::Candidate>& candidates, v1::Winner& winner);

// Enters the times of the first and the fastest of `vendors`.
void EnterVendorTimes(const std::vector<v1::Candidate>& vendors, v1::Winner& winner);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_WINNER_RECORD_H_
