// How threads of a check share the items and add up what they find.
#ifndef TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_CHECK_COUNTING_CUH_
#define TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_CHECK_COUNTING_CUH_

namespace tilewright {

__device__ __forceinline__ long long FirstIndex() {
  return blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x;
}

__device__ __forceinline__ long long IndexStep() {
  return static_cast<long long>(gridDim.x) * blockDim.x;
}

__device__ __forceinline__ unsigned long long WarpSum(unsigned long long value) {
  for (int distance = 16; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(0xFFFFFFFFu, value, distance);
  }
  return value;
}

__device__ __forceinline__ double WarpSum(double value) {
  for (int distance = 16; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(0xFFFFFFFFu, value, distance);
  }
  return value;
}

template <typename Value>
__device__ __forceinline__ void AddOncePerWarp(Value* target, Value value) {
  const Value sum = WarpSum(value);
  if (threadIdx.x % 32 == 0 && sum != Value{}) atomicAdd(target, sum);
}

// Inf or NaN.
__device__ __forceinline__ bool IsBad(double value) {
  return !(fabs(value) <= 1.7976931348623157e308);
}

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_REFERENCE_CHECK_COUNTING_CUH_
