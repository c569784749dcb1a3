// Explains as an error why a tuning has no winner, and says what to do. Pure; any thread.
#ifndef TILEWRIGHT_TUNER_SEARCH_TUNING_ERRORS_H_
#define TILEWRIGHT_TUNER_SEARCH_TUNING_ERRORS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// FAILED_PRECONDITION, reason NO_CANDIDATE, with the first failure of each kind.
absl::Status NoCandidate(const std::vector<v1::Candidate>& candidates);

// UNAVAILABLE, reason WORKER_LOST: nothing was measured, and some candidates are unknown.
absl::Status WorkersLost(const std::vector<v1::Candidate>& candidates);

// UNIMPLEMENTED: no template serves the problem.
absl::Status NoTemplate(const v1::Problem& problem);

// DEADLINE_EXCEEDED, reason BUDGET_TOO_SHORT.
absl::Status BudgetTooShort(absl::Duration budget);

// Tells if every sound kernel of that precision, from a template or the vendor, stays within the
// problem's error budget.
bool KeepsErrorBudget(const v1::Problem& problem, v1::Precision precision);

// FAILED_PRECONDITION, reason ERROR_BUDGET_NOT_PROVEN: no variant has a precision that is proven
// to keep the budget, so only a measurement could tell.
absl::Status BudgetNotProven(const v1::Problem& problem);

// Tells if `status` comes from BudgetNotProven: the model cannot answer, but a GPU could.
bool NeedsMeasurement(const absl::Status& status);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_TUNING_ERRORS_H_
