// The tensors of a session in GPU memory, with canaries around them.
#ifndef TILEWRIGHT_TUNER_BENCH_DEVICE_TENSORS_H_
#define TILEWRIGHT_TUNER_BENCH_DEVICE_TENSORS_H_

#include <cuda.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "kernel_templates/reference/reference_args.h"
#include "proto/problem/tensor_use.h"

namespace tilewright {

// Device memory with a canary region before and after it. A change there shows a write out of
// bounds. A read from there gives NaN, which shows in the result.
class GuardedBuffer {
 public:
  // Returns a size, from 1 to 16 MiB, that holds a tile of 256 rows that starts at the last row.
  static int64_t GuardBytes(int64_t row_bytes);

  GuardedBuffer() = default;
  static absl::StatusOr<GuardedBuffer> Allocate(const DriverApi& driver, int64_t bytes,
                                                int64_t guard_bytes);

  bool empty() const { return memory_.bytes() == 0; }
  // Returns the first byte after the first region.
  CUdeviceptr address() const { return memory_.address() + static_cast<CUdeviceptr>(guard_); }
  void* pointer() const { return reinterpret_cast<void*>(address()); }
  int64_t bytes() const { return bytes_; }
  int64_t guard_bytes() const { return guard_; }
  const DeviceMemory& memory() const { return memory_; }

  // Sets every byte, also in both regions.
  absl::Status Poison(const DriverApi& driver, unsigned char byte, CUstream stream) const;

 private:
  DeviceMemory memory_;
  int64_t bytes_ = 0;
  int64_t guard_ = 0;
};

// One tensor of a problem.
struct DeviceTensor {
  TensorUse use;
  GuardedBuffer memory;
};

// Converts to the form that the reference kernels take.
ReferenceMatrix ToReferenceMatrix(const MatrixLayout& layout, void* data);
ReferenceMatrix ToReferenceMatrix(const DeviceTensor& tensor);

// All inputs of a problem, or all outputs. Owned by a bench session. Not thread-safe.
class DeviceTensors {
 public:
  DeviceTensors() = default;
  // Allocates those of `uses` that are written, or those that are not.
  static absl::StatusOr<DeviceTensors> Allocate(const DriverApi& driver, const TensorUses& uses,
                                                bool written);

  std::size_t size() const { return tensors_.size(); }
  const DeviceTensor& operator[](std::size_t index) const { return tensors_[index]; }
  auto begin() const { return tensors_.begin(); }
  auto end() const { return tensors_.end(); }

  // Returns null if the tensor is not in the list. `tensor`: the family's number for it.
  const DeviceTensor* Find(int tensor) const;
  // Its data is null if the tensor is not in the list.
  ReferenceMatrix MatrixOf(int tensor) const;

  // Sets every byte, also in the canaries.
  absl::Status Poison(const DriverApi& driver, unsigned char byte, CUstream stream) const;

 private:
  std::vector<DeviceTensor> tensors_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_DEVICE_TENSORS_H_
