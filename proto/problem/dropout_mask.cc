#include "proto/problem/dropout_mask.h"

#include <cmath>

namespace tilewright {

uint32_t QuantizeProbability(double probability) {
  const double steps = probability * kDropoutSteps;  // Exact: the factor is a power of two.
  const double below = std::floor(steps);
  const auto threshold = static_cast<uint32_t>(below);
  const double rest = steps - below;
  // nearbyint is not used because a caller may have set another rounding mode.
  const bool up = rest > 0.5 || (rest == 0.5 && threshold % 2 == 1);
  return up ? threshold + 1 : threshold;
}

float DropoutScale(uint32_t threshold) {
  if (threshold == kDropoutSteps) return 0.0f;
  return static_cast<float>(kDropoutSteps) / static_cast<float>(kDropoutSteps - threshold);
}

uint32_t DropoutOffset(uint32_t threshold) { return (kDropoutSteps - threshold) * 0x10001; }

int64_t PackedMaskRowBytes(int64_t columns) { return (columns + 15) / 16 * 2; }

}  // namespace tilewright
