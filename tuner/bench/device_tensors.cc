#include "tuner/bench/device_tensors.h"

#include <algorithm>
#include <utility>

#include "kernel_templates/abi/ceil_div.h"
#include "proto/problem/data_type.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

constexpr int64_t kLeastGuard = int64_t{1} << 20;
constexpr int64_t kMostGuard = int64_t{16} << 20;
constexpr int64_t kGuardAlignment = 256;  // That of cuMemAlloc; the region keeps it.
constexpr int64_t kGuardRows = 256;

int64_t RoundUp(int64_t value, int64_t multiple) { return CeilDiv(value, multiple) * multiple; }

}  // namespace

int64_t GuardedBuffer::GuardBytes(int64_t row_bytes) {
  const int64_t rows = row_bytes > kMostGuard ? kMostGuard : row_bytes * kGuardRows;
  return RoundUp(std::clamp(rows, kLeastGuard, kMostGuard), kGuardAlignment);
}

absl::StatusOr<GuardedBuffer> GuardedBuffer::Allocate(const DriverApi& driver, int64_t bytes,
                                                      int64_t guard_bytes) {
  GuardedBuffer buffer;
  // The size is in whole words, so that checksums need no code for last bytes.
  ASSIGN_OR_RETURN(buffer.memory_,
                   DeviceMemory::Allocate(driver, RoundUp(bytes, 4) + 2 * guard_bytes));
  buffer.bytes_ = bytes;
  buffer.guard_ = guard_bytes;
  return buffer;
}

absl::Status GuardedBuffer::Poison(const DriverApi& driver, unsigned char byte,
                                   CUstream stream) const {
  if (empty()) return absl::OkStatus();
  return driver.Check(driver.cuMemsetD8Async(memory_.address(), byte,
                                             static_cast<std::size_t>(memory_.bytes()), stream),
                      "poisoning an output");
}

ReferenceMatrix ToReferenceMatrix(const MatrixLayout& layout, void* data) {
  ReferenceMatrix matrix{};
  matrix.data = data;
  matrix.rows = layout.rows;
  matrix.columns = layout.columns;
  matrix.row_stride = layout.row_stride;
  matrix.batch_stride = layout.batch_stride;
  matrix.batch = layout.batch;
  matrix.type = layout.type;
  return matrix;
}

ReferenceMatrix ToReferenceMatrix(const DeviceTensor& tensor) {
  return ToReferenceMatrix(tensor.use.layout, tensor.memory.pointer());
}

absl::StatusOr<DeviceTensors> DeviceTensors::Allocate(const DriverApi& driver,
                                                      const TensorUses& uses, bool written) {
  DeviceTensors tensors;
  for (const TensorUse& use : uses) {
    if (use.written != written) continue;
    const int64_t row_bytes = use.layout.row_stride * StorageBytes(use.layout.type);
    ASSIGN_OR_RETURN(GuardedBuffer memory,
                     GuardedBuffer::Allocate(driver, use.layout.SpanBytes(),
                                             GuardedBuffer::GuardBytes(row_bytes)));
    tensors.tensors_.push_back({use, std::move(memory)});
  }
  return tensors;
}

const DeviceTensor* DeviceTensors::Find(int tensor) const {
  for (const DeviceTensor& candidate : tensors_) {
    if (candidate.use.tensor == tensor) return &candidate;
  }
  return nullptr;
}

ReferenceMatrix DeviceTensors::MatrixOf(int tensor) const {
  const DeviceTensor* const found = Find(tensor);
  return found == nullptr ? ReferenceMatrix{} : ToReferenceMatrix(*found);
}

absl::Status DeviceTensors::Poison(const DriverApi& driver, unsigned char byte,
                                   CUstream stream) const {
  for (const DeviceTensor& tensor : tensors_) {
    RETURN_IF_ERROR(tensor.memory.Poison(driver, byte, stream));
  }
  return absl::OkStatus();
}

}  // namespace tilewright
