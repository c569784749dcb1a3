#ifndef TILEWRIGHT_TUNER_BENCH_ROTATION_H_
#define TILEWRIGHT_TUNER_BENCH_ROTATION_H_

#include <cuda.h>

#include <vector>

#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "proto/problem/tensor_use.h"

namespace tilewright {

// Where a tensor of a launch lies.
struct TensorPointer {
  const TensorUse* use;
  void* pointer;
};
using TensorPointers = std::vector<TensorPointer>;

// Copies of a problem's tensors for launches in a row: each launch finds its own, which the
// launches before it have pushed out of L2. Owned by a bench session. Not thread-safe.
class Rotation {
 public:
  // Sets so that `launches` in a row do not meet warm tensors: as many as it takes to fill twice
  // the L2, at most one a launch. Pure.
  static int SetsFor(double bytes_per_set, double l2_bytes, int launches);

  // Copies the inputs of `original` into `count` - 1 further sets; the first is the original.
  // Outputs have memory alone. RESOURCE_EXHAUSTED where the GPU has no memory for them.
  static absl::StatusOr<Rotation> Copy(const DriverApi& driver, const TensorPointers& original,
                                       int count, CUstream stream);

  const std::vector<TensorPointers>& sets() const { return sets_; }

 private:
  std::vector<TensorPointers> sets_;
  std::vector<DeviceMemory> memory_;
};

// Bytes of all tensors, each once.
double BytesOf(const TensorUses& uses);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_ROTATION_H_
