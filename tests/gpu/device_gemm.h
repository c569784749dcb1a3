// What a user of the launch library does, in this process: a context, device vectors, launches.
#ifndef TILEWRIGHT_TESTS_GPU_DEVICE_GEMM_H_
#define TILEWRIGHT_TESTS_GPU_DEVICE_GEMM_H_

#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "kernel_templates/launch/gemm/gemm_launcher.h"

namespace tilewright {

// The primary context of the first GPU and a stream, current while it lives.
class DeviceSession {
 public:
  DeviceSession();

  const DriverApi& driver() const { return *driver_; }
  CUstream stream() const { return stream_->get(); }
  void Synchronize() const;

  template <typename T>
  DeviceMemory Upload(const std::vector<T>& values) const {
    DeviceMemory memory =
        *DeviceMemory::Allocate(*driver_, static_cast<int64_t>(values.size() * sizeof(T)));
    EXPECT_EQ(driver_->cuMemcpyHtoDAsync(memory.address(), values.data(), values.size() * sizeof(T),
                                         stream()),
              CUDA_SUCCESS);
    Synchronize();
    return memory;
  }

  template <typename T>
  std::vector<T> Download(const DeviceMemory& memory) const {
    std::vector<T> values(static_cast<std::size_t>(memory.bytes()) / sizeof(T));
    EXPECT_EQ(driver_->cuMemcpyDtoHAsync(values.data(), memory.address(), values.size() * sizeof(T),
                                         stream()),
              CUDA_SUCCESS);
    Synchronize();
    return values;
  }

 private:
  const DriverApi* driver_;
  std::unique_ptr<CudaContext> context_;
  std::unique_ptr<CudaStream> stream_;
};

// bfloat16 on the host, by cutting and widening.
inline uint16_t ToBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return static_cast<uint16_t>(bits >> 16);
}

inline float FromBf16(uint16_t half) {
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// IEEE binary16 on the host, by arithmetic.
inline float FromFp16(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const auto mantissa = static_cast<float>(bits & 1023);
  const float sign = bits >> 15 ? -1 : 1;
  if (exponent == 31) return mantissa != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(mantissa + 1024, exponent - 25);
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_GPU_DEVICE_GEMM_H_
