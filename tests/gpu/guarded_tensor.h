#ifndef TILEWRIGHT_TESTS_GPU_GUARDED_TENSOR_H_
#define TILEWRIGHT_TESTS_GPU_GUARDED_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "proto/problem/gemm/gemm_tensors.h"
#include "tests/gpu/device_gemm.h"

namespace tilewright {

// A tensor on both sides, NaN around it and between its rows. Its values are -1, 0 and 1. Owned by
// one test; one thread.
class GuardedTensor {
 public:
  GuardedTensor(const MatrixLayout& layout, unsigned seed);

  float& At(int64_t batch, int64_t row, int64_t column) {
    return values_[static_cast<std::size_t>((batch * layout_.rows + row) * layout_.columns +
                                            column)];
  }

  // Brings it to the GPU, or NaN alone where it is not to be read.
  void Upload(const DeviceSession& session, bool is_read);

  // What the GPU has; fails where something beside the elements changed.
  void Download(const DeviceSession& session);

  // The memory of another, whose values it keeps.
  void Take(GuardedTensor& other) { memory_ = std::move(other.memory_); }

  void* pointer() const;
  const MatrixLayout& layout() const { return layout_; }

 private:
  std::size_t Size() const;
  std::size_t Offset(int64_t place) const;
  void ForEach(const std::function<void(int64_t place, float& value)>& visit);

  MatrixLayout layout_;
  std::vector<float> values_;
  DeviceMemory memory_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_GPU_GUARDED_TENSOR_H_
