#include "client/cli/output/rank_correlation.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace tilewright::cli {
namespace {

constexpr std::size_t kFewestPairs = 3;

std::vector<double> RanksOf(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double mean = 0.5 * static_cast<double>(begin + end - 1);
    for (; begin < end; ++begin) ranks[order[begin]] = mean;
  }
  return ranks;
}

}  // namespace

std::optional<double> RankCorrelation(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() < kFewestPairs) return std::nullopt;
  const std::vector<double> ranks_a = RanksOf(a);
  const std::vector<double> ranks_b = RanksOf(b);
  // Every ranking has this mean rank.
  const double mean = 0.5 * static_cast<double>(a.size() - 1);
  double covariance = 0;
  double variance_a = 0;
  double variance_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    covariance += (ranks_a[i] - mean) * (ranks_b[i] - mean);
    variance_a += (ranks_a[i] - mean) * (ranks_a[i] - mean);
    variance_b += (ranks_b[i] - mean) * (ranks_b[i] - mean);
  }
  if (variance_a == 0 || variance_b == 0) return std::nullopt;
  return covariance / std::sqrt(variance_a * variance_b);
}

std::optional<double> ModelRankCorrelation(
    const google::protobuf::RepeatedPtrField<v1::Candidate>& candidates) {
  std::vector<double> predicted;
  std::vector<double> measured;
  for (const v1::Candidate& candidate : candidates) {
    if (!candidate.has_variant() || !candidate.has_measurement()) continue;
    predicted.push_back(candidate.predicted_seconds());
    measured.push_back(candidate.measurement().median_seconds());
  }
  return RankCorrelation(predicted, measured);
}

}  // namespace tilewright::cli
