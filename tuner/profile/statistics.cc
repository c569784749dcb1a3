#include "tuner/profile/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tilewright {
namespace {

// How far the best must lead after one, two and three or more rounds. statistics.h explains it.
constexpr double kSlack[] = {1.5, 1.2, 1.05};

constexpr double kSampleSeconds = 100e-6;
constexpr int kMaxLaunches = 16;

}  // namespace

double Median(std::vector<double> samples) {
  if (samples.empty()) return 0;
  const std::size_t middle = samples.size() / 2;
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(middle),
                   samples.end());
  const double upper = samples[middle];
  if (samples.size() % 2 == 1) return upper;
  const double lower =
      *std::max_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(middle));
  return (lower + upper) / 2;
}

double MedianAbsoluteDeviation(const std::vector<double>& samples) {
  const double median = Median(samples);
  std::vector<double> distances;
  distances.reserve(samples.size());
  for (const double sample : samples) distances.push_back(std::abs(sample - median));
  return Median(std::move(distances));
}

bool ClearlySlower(const std::vector<double>& samples, const std::vector<double>& best) {
  if (samples.empty() || best.empty()) return false;
  const std::size_t rounds = std::min(samples.size(), best.size());
  const double slack = kSlack[std::min<std::size_t>(rounds, 3) - 1];
  const bool overlap = *std::min_element(samples.begin(), samples.end()) <=
                       *std::max_element(best.begin(), best.end());
  return !overlap && Median(samples) > slack * Median(best);
}

std::vector<std::size_t> Survivors(const std::vector<std::vector<double>>& samples, int finalists) {
  std::vector<std::size_t> order(samples.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) { return samples[i].empty(); });
  if (order.empty()) return order;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return Median(samples[a]) < Median(samples[b]);
  });
  const std::vector<double>& best = samples[order.front()];
  const bool cut = best.size() >= static_cast<std::size_t>(kQuickRounds);
  std::erase_if(order, [&](std::size_t i) { return ClearlySlower(samples[i], best); });
  const auto most = static_cast<std::size_t>(finalists);
  if (cut && order.size() > most) order.resize(most);
  std::sort(order.begin(), order.end());
  return order;
}

int LaunchesPerSample(double seconds) {
  if (seconds <= 0) return kMaxLaunches;
  return std::clamp(static_cast<int>(std::ceil(kSampleSeconds / seconds)), 1, kMaxLaunches);
}

}  // namespace tilewright
