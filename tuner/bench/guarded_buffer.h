#ifndef TILEWRIGHT_TUNER_BENCH_GUARDED_BUFFER_H_
#define TILEWRIGHT_TUNER_BENCH_GUARDED_BUFFER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "proto/problem/gemm/gemm_tensors.h"

namespace tilewright {

// Device memory with a canary region before and after it: what is written there was written
// out of bounds, what is read from there (NaN) shows in the result.
class GuardedBuffer {
 public:
  // Regions wide enough for a tile of 256 rows that starts at the last row, from 1 to 16 MiB.
  static int64_t GuardBytes(int64_t row_bytes);

  GuardedBuffer() = default;
  static absl::StatusOr<GuardedBuffer> Allocate(const DriverApi& driver, int64_t bytes,
                                                int64_t guard_bytes);

  bool empty() const { return memory_.bytes() == 0; }
  // The first byte after the first region.
  CUdeviceptr address() const { return memory_.address() + static_cast<CUdeviceptr>(guard_); }
  void* pointer() const { return reinterpret_cast<void*>(address()); }
  int64_t bytes() const { return bytes_; }
  int64_t guard_bytes() const { return guard_; }
  const DeviceMemory& memory() const { return memory_; }

  // Sets every byte, both regions included.
  absl::Status Poison(const DriverApi& driver, unsigned char byte, CUstream stream) const;

 private:
  DeviceMemory memory_;
  int64_t bytes_ = 0;
  int64_t guard_ = 0;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_GUARDED_BUFFER_H_
