#include "tuner/bench/rotation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "proto/support/status_macros.h"

namespace tilewright {

int Rotation::SetsFor(double bytes_per_set, double l2_bytes, int launches) {
  if (launches <= 1 || bytes_per_set <= 0) return 1;
  const double sets = std::ceil(2 * l2_bytes / bytes_per_set) + 1;
  return static_cast<int>(std::min<double>(sets, launches));
}

absl::StatusOr<Rotation> Rotation::Copy(const DriverApi& driver, const TensorPointers& original,
                                        int count, CUstream stream) {
  Rotation rotation;
  rotation.sets_.assign(static_cast<std::size_t>(count), original);
  for (int i = 1; i < count; ++i) {
    for (TensorPointer& tensor : rotation.sets_[static_cast<std::size_t>(i)]) {
      const int64_t bytes = tensor.use->layout.SpanBytes();
      ASSIGN_OR_RETURN(DeviceMemory memory, DeviceMemory::Allocate(driver, bytes));
      if (!tensor.use->written) {
        RETURN_IF_ERROR(
            driver.Check(driver.cuMemcpyDtoDAsync(memory.address(),
                                                  reinterpret_cast<CUdeviceptr>(tensor.pointer),
                                                  static_cast<std::size_t>(bytes), stream),
                         "copying an operand"));
      }
      tensor.pointer = memory.pointer();
      rotation.memory_.push_back(std::move(memory));
    }
  }
  return rotation;
}

double BytesOf(const TensorUses& uses) {
  double bytes = 0;
  for (const TensorUse& use : uses) bytes += static_cast<double>(use.layout.SpanBytes());
  return bytes;
}

}  // namespace tilewright
