#ifndef TILEWRIGHT_TUNER_BENCH_DEVICE_FLAGS_H_
#define TILEWRIGHT_TUNER_BENCH_DEVICE_FLAGS_H_

#include <cuda.h>

#include <cstddef>
#include <cstdint>

#include "kernel_templates/launch/driver/cuda_handles.h"
#include "kernel_templates/reference/reference_args.h"

namespace tilewright {

// What is read back of a check, laid out once for device and host.
struct DeviceFlags {
  float amax;
  uint32_t non_finite;
  unsigned long long checksum;
  CheckCounts d;
  CheckCounts aux;
  CheckCounts mask;
  CheckCounts bias_gradient;
  CheckCounts workspace;
};

inline CUdeviceptr FieldAddress(const DeviceMemory& memory, std::size_t offset) {
  return memory.address() + offset;
}

template <typename Field>
Field* FieldPointer(const DeviceMemory& memory, std::size_t offset) {
  return reinterpret_cast<Field*>(FieldAddress(memory, offset));
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_DEVICE_FLAGS_H_
