#include "tuner/select/paired_test.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace tilewright {
namespace {

double MedianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Returns the probability that at least `heads` of `tosses` coins show heads.
double AtLeast(int heads, int tosses) {
  double tail = 0;
  for (int i = heads; i <= tosses; ++i) {
    tail += std::exp(std::lgamma(tosses + 1.0) - std::lgamma(i + 1.0) -
                     std::lgamma(tosses - i + 1.0) - tosses * std::log(2.0));
  }
  return std::min(tail, 1.0);
}

}  // namespace

PairedDifference ComparePaired(const v1::Measurement& a, const v1::Measurement& b) {
  std::vector<double> ratios;
  int slower = 0;
  int faster = 0;
  for (int i = 0; i < std::min(a.seconds_size(), b.seconds_size()); ++i) {
    const double ratio = a.seconds(i) / b.seconds(i);
    if (!std::isfinite(ratio) || ratio <= 0) continue;
    ratios.push_back(ratio);
    slower += ratio > 1;
    faster += ratio < 1;
  }
  if (ratios.empty()) return {a.median_seconds() / b.median_seconds(), 1};
  return {MedianOf(std::move(ratios)), AtLeast(slower, slower + faster)};
}

std::vector<double> RelativeTimes(const std::vector<const v1::Measurement*>& measurements) {
  int rounds = measurements.empty() ? 0 : measurements.front()->seconds_size();
  for (const v1::Measurement* measurement : measurements) {
    rounds = std::min(rounds, measurement->seconds_size());
  }
  std::vector<std::vector<double>> relative(measurements.size());
  for (int i = 0; i < rounds; ++i) {
    std::vector<double> round;
    for (const v1::Measurement* measurement : measurements) {
      round.push_back(measurement->seconds(i));
    }
    const double usual = MedianOf(round);
    if (!std::isfinite(usual) || usual <= 0) continue;
    for (std::size_t j = 0; j < round.size(); ++j) relative[j].push_back(round[j] / usual);
  }
  std::vector<double> times;
  for (std::size_t j = 0; j < measurements.size(); ++j) {
    times.push_back(relative[j].empty() ? measurements[j]->median_seconds()
                                        : MedianOf(std::move(relative[j])));
  }
  return times;
}

}  // namespace tilewright
