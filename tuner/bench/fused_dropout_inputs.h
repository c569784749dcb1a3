#ifndef TILEWRIGHT_TUNER_BENCH_FUSED_DROPOUT_INPUTS_H_
#define TILEWRIGHT_TUNER_BENCH_FUSED_DROPOUT_INPUTS_H_

#include <cuda.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/fused_dropout/fused_dropout_launcher.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/bench/bench_worker.pb.h"
#include "tuner/bench/guarded_buffer.h"
#include "tuner/bench/reference_kernels.h"

namespace tilewright {

// A tensor of a fused dropout on the GPU, with canaries around it.
struct FusedBuffer {
  TensorUse use;
  GuardedBuffer memory;
};

absl::StatusOr<FusedBuffer> AllocateFused(const DriverApi& driver, const TensorUse& use);

// The inputs of one fused dropout on the GPU, and what its outputs are compared with. Owned by a
// bench session. Not thread-safe.
class FusedDropoutInputs {
 public:
  static absl::StatusOr<FusedDropoutInputs> Allocate(const DriverApi& driver,
                                                     const v1::FusedDropoutProblem& problem);

  // Makes the inputs of `kind`, everything around them NaN, and what is known of rows and columns.
  absl::Status Make(bench::InputKind kind, const ReferenceKernels& kernels, CUstream stream);

  // Makes the inputs again, after a kernel wrote to them.
  absl::Status Restore(const ReferenceKernels& kernels, CUstream stream);

  // Sets the input pointers and the scalars.
  void Bind(FusedDropoutArguments& operands) const;

  // Adds the checksum of all inputs to `*sum` on the device.
  absl::Status EnqueueChecksum(const ReferenceKernels& kernels, unsigned long long* sum,
                               CUstream stream) const;

  // Compares every element of an output with the reference.
  absl::Status EnqueueCompare(const ReferenceKernels& kernels, const FusedBuffer& output,
                              CheckCounts* counts, CUstream stream) const;

 private:
  FusedDropoutInputs(const DriverApi& driver, const v1::FusedDropoutProblem& problem)
      : driver_(&driver), problem_(problem) {}

  const FusedBuffer* Find(FusedTensor tensor) const;
  ReferenceMatrix MatrixOf(FusedTensor tensor) const;
  FusedReferenceArgs ReferenceOf() const;
  absl::Status Fill(const FusedBuffer& buffer, const ReferenceKernels& kernels,
                    CUstream stream) const;

  const DriverApi* driver_;
  v1::FusedDropoutProblem problem_;
  bench::InputKind kind_ = bench::INPUT_KIND_UNSPECIFIED;
  std::vector<FusedBuffer> buffers_;
  DeviceMemory row_terms_;
  DeviceMemory column_terms_;
};

// Bytes of everything that checking and timing `problem` allocates, without workspaces.
double NeededBytes(const v1::FusedDropoutProblem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_FUSED_DROPOUT_INPUTS_H_
