// Why a tuning has no winner, as an error that says what to do. Pure; any thread.
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

// UNAVAILABLE, reason WORKER_LOST: nothing was measured, and of some candidates nobody knows.
absl::Status WorkersLost(const std::vector<v1::Candidate>& candidates);

// UNIMPLEMENTED: no template serves the problem.
absl::Status NoTemplate(const v1::Problem& problem);

// DEADLINE_EXCEEDED, reason BUDGET_TOO_SHORT.
absl::Status BudgetTooShort(absl::Duration budget);

// Whether every sound kernel of that precision stays within the problem's error budget, whoever
// made it.
bool KeepsErrorBudget(const v1::Problem& problem, v1::Precision precision);

// FAILED_PRECONDITION, reason ERROR_BUDGET_NOT_PROVEN: no variant is of a precision that does, so
// that only a measurement could tell.
absl::Status BudgetNotProven(const v1::Problem& problem);

// Whether `status` is that of BudgetNotProven: the model cannot answer, a GPU could.
bool NeedsMeasurement(const absl::Status& status);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_SEARCH_TUNING_ERRORS_H_
