#ifndef TILEWRIGHT_TUNER_BENCH_ROTATING_OPERANDS_H_
#define TILEWRIGHT_TUNER_BENCH_ROTATING_OPERANDS_H_

#include <cuda.h>

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "kernel_templates/launch/gemm/gemm_launcher.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// Copies of a problem's operands for launches in a row: each launch finds its own, which the
// launches before it have pushed out of L2. Owned by a bench session. Not thread-safe.
class RotatingOperands {
 public:
  // Sets so that `launches` in a row do not meet warm operands: as many as it takes to fill
  // twice the L2, at most one a launch. Pure.
  static int SetsFor(double bytes_per_set, double l2_bytes, int launches);

  // Copies `original`'s inputs into `count` - 1 further sets; the first is the original.
  // RESOURCE_EXHAUSTED where the GPU has no memory for them.
  static absl::StatusOr<RotatingOperands> Copy(const DriverApi& driver,
                                               const v1::GemmProblem& problem,
                                               const GemmArguments& original, int count,
                                               CUstream stream);

  const std::vector<GemmArguments>& sets() const { return sets_; }

 private:
  std::vector<GemmArguments> sets_;
  std::vector<DeviceMemory> memory_;
};

// Bytes of all operands of `problem`, each once.
double OperandBytes(const v1::GemmProblem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_ROTATING_OPERANDS_H_
