// How fake kernels round: as the hardware does. After device_shim.h.
#ifndef TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_ROUNDING_H_
#define TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_ROUNDING_H_

#include "kernel_templates/reference/elements.cuh"

namespace tilewright {

// Round to nearest even; the hardware's one NaN.
inline unsigned short ToBf16(float value) {
  if (value != value) return 0x7FFF;
  const unsigned bits = __float_as_uint(value);
  return static_cast<unsigned short>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// To the nearest of all values, even where there are two. `saturate`: what is beyond the largest
// becomes it.
inline unsigned char ToE4m3(double value, bool saturate) {
  constexpr unsigned char kLargest = 0x7E;
  constexpr unsigned char kNan = 0x7F;
  const unsigned char sign = value < 0 ? 0x80 : 0;
  const double size = fabs(value);
  if (size > Decode(kLargest, kE4m3)) {
    // The hardware's one NaN has no sign.
    return saturate ? static_cast<unsigned char>(sign | kLargest) : kNan;
  }
  unsigned char best = 0;
  for (unsigned bits = 1; bits <= kLargest; ++bits) {
    const double distance = fabs(Decode(bits, kE4m3) - size);
    const double least = fabs(Decode(best, kE4m3) - size);
    if (distance < least || (distance == least && bits % 2 == 0)) {
      best = static_cast<unsigned char>(bits);
    }
  }
  return static_cast<unsigned char>(sign | best);
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_FAKE_ROUNDING_H_
