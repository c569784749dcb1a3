#include "tuner/search/winner_record.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/problem/gemm/precision.h"
#include "proto/problem/problem.h"
#include "proto/support/counted.h"
#include "proto/support/timestamps.h"
#include "tuner/search/competing_templates.h"
#include "tuner/store/winner_key.h"
#include "tuner/target/target.h"
#include "tuner/template/registry.h"

namespace tilewright {
StoredWinner MakeWinner(const v1::Problem& problem, const v1::Target& target, absl::Time now) {
  StoredWinner stored;
  stored.problem_encoding = EncodeProblem(problem);
  stored.shapeless_key = ShapelessKey(problem);
  stored.silicon_key = SiliconKey(target.silicon());
  stored.environment_key = EnvironmentKey(target.environment());
  v1::Winner& winner = stored.winner;
  *winner.mutable_problem() = problem;
  *winner.mutable_target() = target;
  winner.set_roofline_seconds(RooflineSeconds(problem, target.silicon()));
  *winner.mutable_create_time() = ToTimestamp(now);
  winner.set_key(WinnerKey(stored.problem_encoding, stored.silicon_key, stored.environment_key));
  for (v1::TemplateDigest& digest : CompetingTemplates(problem, target.silicon())) {
    *winner.add_template_digests() = std::move(digest);
  }
  return stored;
}

v1::Candidate WithoutSamples(v1::Candidate candidate) {
  if (candidate.has_measurement()) candidate.mutable_measurement()->clear_seconds();
  return candidate;
}

void EnterArithmetic(const v1::Problem& problem, std::vector<v1::Candidate>& candidates) {
  for (v1::Candidate& candidate : candidates) {
    candidate.set_precision(PrecisionOf(problem, candidate));
    candidate.set_splits_epilogue(SplitsEpilogue(candidate.variant()));
  }
}

void EnterPick(const Pick& pick, const v1::Candidate& best, bool measures, v1::Winner& winner) {
  *winner.mutable_candidate() = WithoutSamples(best);
  winner.set_margin(pick.margin);
  winner.set_reason(pick.reason);
  winner.set_provenance(best.has_vendor() ? v1::PROVENANCE_VENDOR
                        : measures        ? v1::PROVENANCE_MEASURED
                                          : v1::PROVENANCE_PREDICTED);
}

void EnterWorkersLost(const std::vector<v1::Candidate>& candidates, v1::Winner& winner) {
  const auto deferred =
      std::count_if(candidates.begin(), candidates.end(), [](const v1::Candidate& candidate) {
        return candidate.failure().kind() == v1::FAILURE_KIND_DEFERRED;
      });
  winner.set_reason(absl::StrCat(winner.reason(), "; ", Counted(deferred, "other candidate"),
                                 " could not be tried, because something outside killed or "
                                 "stopped the workers"));
}

void EnterVendorTimes(const std::vector<v1::Candidate>& vendors, v1::Winner& winner) {
  for (const v1::Candidate& vendor : vendors) {
    if (!vendor.has_measurement()) continue;
    const double median = vendor.measurement().median_seconds();
    // The library has a first result for each precision. The most exact one comes first.
    if (vendor.vendor().heuristic_rank() == 0 && winner.vendor_first_seconds() == 0) {
      winner.set_vendor_first_seconds(median);
    }
    if (winner.vendor_best_seconds() == 0 || median < winner.vendor_best_seconds()) {
      winner.set_vendor_best_seconds(median);
    }
  }
}

}  // namespace tilewright
