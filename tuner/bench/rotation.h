#ifndef TILEWRIGHT_TUNER_BENCH_ROTATION_H_
#define TILEWRIGHT_TUNER_BENCH_ROTATION_H_

#include <cuda.h>

#include <vector>

#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "proto/problem/tensor_use.h"

namespace tilewright {

// The place of one tensor of a launch.
struct TensorPointer {
  const TensorUse* use;
  void* pointer;
};
using TensorPointers = std::vector<TensorPointer>;

// Copies of a problem's tensors for launches in a row. Each launch finds a copy that the launches
// before it have pushed out of L2. Owned by a bench session. Not thread-safe.
class Rotation {
 public:
  // Returns how many sets keep `launches` in a row from meeting warm tensors: enough to fill the L2
  // twice, but at most one for each launch. Pure.
  static int SetsFor(double bytes_per_set, double l2_bytes, int launches);

  // Copies the inputs of `original` into `count` - 1 further sets; the first set is the original.
  // Outputs only get memory. RESOURCE_EXHAUSTED: the GPU has no memory for them.
  static absl::StatusOr<Rotation> Copy(const DriverApi& driver, const TensorPointers& original,
                                       int count, CUstream stream);

  const std::vector<TensorPointers>& sets() const { return sets_; }

 private:
  std::vector<TensorPointers> sets_;
  std::vector<DeviceMemory> memory_;
};

// Returns the bytes of all tensors, each counted once.
double BytesOf(const TensorUses& uses);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_ROTATION_H_
