#include "tuner/bench/guarded_buffer.h"

#include <algorithm>

#include "kernel_templates/abi/ceil_div.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

constexpr int64_t kLeastGuard = int64_t{1} << 20;
constexpr int64_t kMostGuard = int64_t{16} << 20;
constexpr int64_t kGuardAlignment = 256;  // What cuMemAlloc gives, kept behind the region.
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
  // Whole words, so that checksums need no last bytes.
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

}  // namespace tilewright
