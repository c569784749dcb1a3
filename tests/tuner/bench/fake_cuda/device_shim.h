// Compiles our device code for the host, one thread a kernel: grid-stride loops then visit every
// element, and a warp is its one lane.
#ifndef TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_DEVICE_SHIM_H_
#define TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_DEVICE_SHIM_H_

#include <math.h>

#include <algorithm>
#include <bit>

#define __device__
#define __global__
#define __forceinline__ inline
#define __noinline__ inline
#define __launch_bounds__(threads)
#define __grid_constant__
#define __shared__ static

struct ShimDim {
  unsigned x = 0;
  unsigned y = 0;
  unsigned z = 0;
};
inline constexpr ShimDim threadIdx{0, 0, 0};
inline constexpr ShimDim blockIdx{0, 0, 0};
inline constexpr ShimDim blockDim{1, 1, 1};
inline constexpr ShimDim gridDim{1, 1, 1};

inline void __syncthreads() {}
inline void __threadfence() {}
inline float __uint_as_float(unsigned bits) { return std::bit_cast<float>(bits); }
inline unsigned __float_as_uint(float value) { return std::bit_cast<unsigned>(value); }
inline double __longlong_as_double(long long bits) { return std::bit_cast<double>(bits); }
inline float cospif(float x) { return static_cast<float>(cos(M_PI * static_cast<double>(x))); }

// The other lanes have nothing to add.
template <typename Value>
Value __shfl_xor_sync(unsigned, Value, int) {
  return Value{};
}

template <typename Value>
Value atomicAdd(Value* target, Value value) {
  const Value before = *target;
  *target += value;
  return before;
}

template <typename Value>
Value atomicMax(Value* target, Value value) {
  const Value before = *target;
  *target = std::max(before, value);
  return before;
}

#endif  // TILEWRIGHT_TESTS_TUNER_BENCH_FAKE_CUDA_DEVICE_SHIM_H_
