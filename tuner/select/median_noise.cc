#include "tuner/select/median_noise.h"

#include <algorithm>
#include <cmath>

namespace tilewright {
namespace {

constexpr double kStandardErrors = 3;
constexpr double kRelativeFloor = 0.005;
constexpr double kRelativeCeiling = 0.03;
constexpr double kSigmaOfMad = 1.4826;
constexpr double kErrorOfMedian = 1.2533;  // sqrt(pi / 2)
// Below this many samples the MAD itself is little more than chance.
constexpr int kMinSamples = 5;

}  // namespace

double MedianError(const v1::Measurement& measurement, double usual_spread) {
  // Summaries without samples come from imports; nothing is known but their spread.
  const int samples = std::max(measurement.seconds_size(), 1);
  double spread = std::isfinite(measurement.spread_seconds())
                      ? std::max(measurement.spread_seconds(), 0.0)
                      : 0.0;
  if (samples < kMinSamples) {
    spread = std::max(spread, usual_spread * measurement.median_seconds());
  }
  return kErrorOfMedian * kSigmaOfMad * spread / std::sqrt(samples);
}

double MedianNoise(const v1::Measurement& fast, const v1::Measurement& slow, double usual_spread) {
  const double error = std::hypot(MedianError(fast, usual_spread), MedianError(slow, usual_spread));
  return std::clamp(kStandardErrors * error, kRelativeFloor * fast.median_seconds(),
                    kRelativeCeiling * fast.median_seconds());
}

}  // namespace tilewright
