#include "tuner/select/pick_winner.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "tuner/select/paired_test.h"

namespace tilewright {
namespace {

using Indices = std::vector<std::size_t>;

// pick_winner.h explains both.
constexpr double kCeiling = 0.01;
constexpr double kFloor = 0.002;
constexpr double kChanceOfAll = 0.02;

double Median(const v1::Candidate& candidate) { return candidate.measurement().median_seconds(); }

bool IsMeasured(const v1::Candidate& candidate) {
  return candidate.has_measurement() && std::isfinite(Median(candidate)) && Median(candidate) > 0;
}

bool IsPredicted(const v1::Candidate& candidate) {
  return candidate.outcome_case() == v1::Candidate::OUTCOME_NOT_SET &&
         std::isfinite(candidate.predicted_seconds()) && candidate.predicted_seconds() > 0;
}

template <typename Condition>
Indices Filter(const std::vector<v1::Candidate>& candidates, const Condition& condition) {
  Indices indices;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (condition(candidates[i])) indices.push_back(i);
  }
  return indices;
}

// Candidates that left the race early were clearly slower on few samples. They count only if no
// candidate stayed to the end.
Indices Finalists(const std::vector<v1::Candidate>& candidates) {
  Indices finalists = Filter(candidates, [](const v1::Candidate& candidate) {
    return IsMeasured(candidate) && !candidate.dropped_early();
  });
  return finalists.empty() ? Filter(candidates, IsMeasured) : finalists;
}

std::vector<double> TimesOf(const std::vector<v1::Candidate>& candidates, const Indices& indices) {
  std::vector<const v1::Measurement*> measurements;
  for (const std::size_t i : indices) measurements.push_back(&candidates[i].measurement());
  return RelativeTimes(measurements);
}

bool AnyIsFaster(const std::vector<v1::Candidate>& candidates, const Indices& finalists,
                 std::size_t index) {
  const double share = kChanceOfAll / static_cast<double>(finalists.size() - 1);
  return std::any_of(finalists.begin(), finalists.end(), [&](std::size_t other) {
    if (other == index) return false;
    const PairedDifference slower =
        ComparePaired(candidates[index].measurement(), candidates[other].measurement());
    return slower.ratio > 1 + kFloor && slower.probability <= share;
  });
}

// Orders equals: templates first, so that an answer needs no vendor library, then in the given
// order.
bool ComesFirst(const std::vector<v1::Candidate>& candidates, std::size_t a, std::size_t b) {
  const bool vendor_a = candidates[a].has_vendor();
  const bool vendor_b = candidates[b].has_vendor();
  return vendor_a != vendor_b ? vendor_b : a < b;
}

std::string DescribePick(const std::vector<v1::Candidate>& candidates, std::size_t winner,
                         std::size_t measured, std::size_t equals, double margin) {
  const double microseconds = 1e6 * Median(candidates[winner]);
  if (measured == 1) {
    return absl::StrFormat("%.2f us; no other candidate was measured", microseconds);
  }
  if (equals > 1) {
    return absl::StrFormat(
        "%.2f us; %d of %d measured candidates tie within the noise, and this is the first of them "
        "in the fixed order",
        microseconds, equals, measured);
  }
  return absl::StrFormat("fastest of %d measured, %.2f us, %.1f %% ahead of the next", measured,
                         microseconds, 100 * margin);
}

// Returns the median of the fastest other candidate over the winner's, less one.
double MarginOf(const std::vector<v1::Candidate>& candidates, const Indices& measured,
                std::size_t winner) {
  double runner_up = 0;
  for (const std::size_t i : measured) {
    if (i != winner && (runner_up == 0 || Median(candidates[i]) < runner_up)) {
      runner_up = Median(candidates[i]);
    }
  }
  return runner_up == 0 ? 0 : runner_up / Median(candidates[winner]) - 1;
}

std::optional<Pick> PickMeasured(const std::vector<v1::Candidate>& candidates) {
  const Indices finalists = Finalists(candidates);
  if (finalists.empty()) return std::nullopt;
  const std::vector<double> times = TimesOf(candidates, finalists);
  const std::size_t fastest =
      static_cast<std::size_t>(std::min_element(times.begin(), times.end()) - times.begin());
  Pick pick;
  pick.index = finalists[fastest];
  std::size_t equals = 1;
  for (std::size_t f = 0; f < finalists.size(); ++f) {
    const bool is_near = times[f] <= (1 + kCeiling) * times[fastest];
    if (f == fastest || !is_near || AnyIsFaster(candidates, finalists, finalists[f])) continue;
    ++equals;
    if (ComesFirst(candidates, finalists[f], pick.index)) pick.index = finalists[f];
  }
  const Indices measured = Filter(candidates, IsMeasured);
  pick.margin = MarginOf(candidates, finalists.size() > 1 ? finalists : measured, pick.index);
  pick.reason = DescribePick(candidates, pick.index, measured.size(), equals, pick.margin);
  return pick;
}

std::optional<Pick> PickPredicted(const std::vector<v1::Candidate>& candidates) {
  const Indices predicted = Filter(candidates, IsPredicted);
  if (predicted.empty()) return std::nullopt;
  Pick pick;
  pick.index =
      *std::min_element(predicted.begin(), predicted.end(), [&](std::size_t a, std::size_t b) {
        return candidates[a].predicted_seconds() < candidates[b].predicted_seconds();
      });
  pick.reason = absl::StrFormat("lowest prediction of %d, %.2f us by the model; not measured",
                                predicted.size(), 1e6 * candidates[pick.index].predicted_seconds());
  return pick;
}

}  // namespace

std::optional<Pick> PickWinner(const std::vector<v1::Candidate>& candidates) {
  if (auto pick = PickMeasured(candidates)) return pick;
  return PickPredicted(candidates);
}

}  // namespace tilewright
