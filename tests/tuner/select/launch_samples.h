// Measured candidates of made-up launch times.
#ifndef TILEWRIGHT_TESTS_TUNER_SELECT_LAUNCH_SAMPLES_H_
#define TILEWRIGHT_TESTS_TUNER_SELECT_LAUNCH_SAMPLES_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "tilewright/v1/kernel.pb.h"

namespace tilewright {

inline double MedianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

inline v1::Measurement Summarize(const std::vector<double>& seconds) {
  v1::Measurement measurement;
  measurement.set_median_seconds(MedianOf(seconds));
  std::vector<double> deviations;
  for (const double value : seconds) {
    measurement.add_seconds(value);
    deviations.push_back(std::abs(value - measurement.median_seconds()));
  }
  measurement.set_spread_seconds(MedianOf(deviations));
  return measurement;
}

inline v1::Candidate Measured(const std::vector<double>& seconds) {
  v1::Candidate candidate;
  candidate.mutable_variant()->set_template_name("gemm_sm80");
  *candidate.mutable_measurement() = Summarize(seconds);
  return candidate;
}

// Launch times as they come: a normal core, and one launch in ten slowed by up to a half.
inline std::vector<double> NoisyLaunches(double seconds, double relative_noise, int count,
                                         std::mt19937& random) {
  std::normal_distribution<double> core(1, relative_noise);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<double> launches;
  for (int i = 0; i < count; ++i) {
    const double hiccup = uniform(random) < 0.1 ? 1 + 0.5 * uniform(random) : 1;
    launches.push_back(seconds * core(random) * hiccup);
  }
  return launches;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_SELECT_LAUNCH_SAMPLES_H_
