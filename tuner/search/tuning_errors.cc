#include "tuner/search/tuning_errors.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/problem/gemm/precision.h"
#include "proto/problem/problem.h"
#include "proto/support/errors.h"
#include "tuner/model/tolerance.h"
#include "tuner/worker/worker_process.h"

namespace tilewright {
namespace {

constexpr std::string_view kNotProven = "ERROR_BUDGET_NOT_PROVEN";

}  // namespace

absl::Status NoCandidate(const std::vector<v1::Candidate>& candidates) {
  std::vector<v1::FailureKind> seen;
  std::string summary;
  for (const v1::Candidate& candidate : candidates) {
    const v1::FailureKind kind = candidate.failure().kind();
    if (std::find(seen.begin(), seen.end(), kind) != seen.end()) continue;
    seen.push_back(kind);
    absl::StrAppend(&summary, summary.empty() ? "" : "; ", v1::FailureKind_Name(kind), ": ",
                    candidate.failure().message());
  }
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "NO_CANDIDATE",
      absl::StrCat(candidates.size() == 1 ? "the only candidate"
                                          : absl::StrCat("all ", candidates.size(), " candidates"),
                   " failed: ", summary));
}

absl::Status WorkersLost(const std::vector<v1::Candidate>& candidates) {
  std::string last;
  for (const v1::Candidate& candidate : candidates) {
    if (candidate.failure().kind() == v1::FAILURE_KIND_DEFERRED)
      last = candidate.failure().message();
  }
  return WorkerLost(
      absl::StrCat("no candidate was tried to the end: something outside ends, stops or cuts off "
                   "the daemon's worker processes. The operating system does so if memory runs "
                   "out; free memory and try again. The last failure: ",
                   last));
}

absl::Status NoTemplate(const v1::Problem& problem) {
  return Unimplemented("problem", absl::StrCat("no template of this version serves ",
                                               DescribeProblem(problem), " on this target"));
}

absl::Status BudgetTooShort(absl::Duration budget) {
  return MakeError(
      absl::StatusCode::kDeadlineExceeded, "BUDGET_TOO_SHORT",
      absl::StrCat("options.budget: ", absl::FormatDuration(budget),
                   " is too short: no candidate was ready in time. Give a larger budget or none. "
                   "What was compiled is kept for the next try"),
      {{"field", "options.budget"}});
}

bool KeepsErrorBudget(const v1::Problem& problem, v1::Precision precision) {
  const double budget = ErrorBudgetOf(problem);
  return budget <= 0 || RelativeErrorBound(problem.gemm(), precision) <= budget;
}

absl::Status BudgetNotProven(const v1::Problem& problem) {
  double bound = std::numeric_limits<double>::infinity();
  for (const v1::Precision precision : AdmissiblePrecisions(problem.gemm())) {
    bound = std::min(bound, RelativeErrorBound(problem.gemm(), precision));
  }
  return MakeError(
      absl::StatusCode::kFailedPrecondition, kNotProven,
      absl::StrFormat(
          "gemm.numerics.error_budget: the types and k prove only a relative error of "
          "at most %.2g, so that a budget of %.2g needs a measurement. Tune the problem "
          "on a GPU and wait for the result, or raise the budget",
          bound, ErrorBudgetOf(problem)),
      {{"field", "gemm.numerics.error_budget"}});
}

bool NeedsMeasurement(const absl::Status& status) { return ReasonOf(status) == kNotProven; }

}  // namespace tilewright
