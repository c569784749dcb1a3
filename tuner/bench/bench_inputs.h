#ifndef TILEWRIGHT_TUNER_BENCH_BENCH_INPUTS_H_
#define TILEWRIGHT_TUNER_BENCH_BENCH_INPUTS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/gemm/gemm_launcher.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/bench/bench_worker.pb.h"
#include "tuner/bench/guarded_buffer.h"
#include "tuner/bench/reference_kernels.h"

namespace tilewright {

// The inputs of one problem on the GPU and the reference of their result. Owned by a bench
// session. Not thread-safe.
class BenchInputs {
 public:
  static absl::StatusOr<BenchInputs> Allocate(const DriverApi& driver,
                                              const v1::GemmProblem& problem);

  // Makes the inputs of `kind`, everything around them and what is not read of them NaN, and their
  // reference.
  absl::Status Make(bench::InputKind kind, const ReferenceKernels& kernels, CUstream stream);

  // Makes the inputs again, after a kernel wrote to them.
  absl::Status Restore(const ReferenceKernels& kernels, CUstream stream);

  // Sets the input pointers and the scalars.
  void Bind(GemmArguments& operands) const;

  // Adds the checksum of all inputs to `*sum` on the device.
  absl::Status EnqueueChecksum(const ReferenceKernels& kernels, unsigned long long* sum,
                               CUstream stream) const;

  // Compares D or an auxiliary output at `data`, which a candidate of `precision` wrote, with its
  // reference. `is_split`: its epilogue is a launch of its own.
  absl::Status EnqueueCompare(const ReferenceKernels& kernels, v1::Operand operand,
                              v1::Precision precision, bool is_split, void* data,
                              CheckCounts* counts, CUstream stream) const;

  // Compares a stored mask with what it must be.
  absl::Status EnqueueMask(const ReferenceKernels& kernels, const void* mask, CheckCounts* counts,
                           CUstream stream) const;

  // Compares the gradient of the bias with the sums of the columns of the D at `d`.
  absl::Status EnqueueColumns(const ReferenceKernels& kernels, void* d, const float* sums,
                              CheckCounts* counts, CUstream stream) const;

  const std::vector<int64_t>& rows() const { return rows_; }
  // Of A, B, C, or of what a gradient reads of aux.
  const GuardedBuffer& buffer(v1::Operand operand) const;
  const GuardedBuffer& bias() const { return bias_; }
  // What D is multiplied with; 1 where the problem has no such scale.
  float ScaleD() const;

 private:
  BenchInputs(const DriverApi& driver, const v1::GemmProblem& problem)
      : driver_(&driver), problem_(problem) {}

  absl::Status FillMatrix(const MatrixLayout& layout, const GuardedBuffer& buffer, int which,
                          const ReferenceKernels& kernels, CUstream stream) const;
  absl::Status SetValues(const GuardedBuffer& buffer, const std::vector<float>& values,
                         CUstream stream) const;
  bool IsRead(int which) const;
  float Alpha() const;
  float Beta() const;
  ReferenceDropout Dropout() const;
  absl::Status ComputeReference(const ReferenceKernels& kernels, CUstream stream) const;

  const DriverApi* driver_;
  v1::GemmProblem problem_;
  bench::InputKind kind_ = bench::INPUT_KIND_UNSPECIFIED;
  GuardedBuffer a_;
  GuardedBuffer b_;
  GuardedBuffer c_;
  GuardedBuffer bias_;
  GuardedBuffer scale_a_;
  GuardedBuffer scale_b_;
  GuardedBuffer scale_d_;
  GuardedBuffer z_;        // What a gradient reads of aux.
  GuardedBuffer scalars_;  // alpha and beta, where they are read from device memory.
  std::vector<int64_t> rows_;
  DeviceMemory device_rows_;
  DeviceMemory expected_;
  DeviceMemory bound_;
  DeviceMemory size_;
  DeviceMemory size_z_;
  DeviceMemory expected_aux_;
  DeviceMemory bound_aux_;
  DeviceMemory size_aux_;
  DeviceMemory totals_;
  DeviceMemory arrived_;  // Where blocks of the reference share k.
};

// Bytes of everything that checking and timing `problem` allocates, without workspaces.
double NeededBytes(const v1::GemmProblem& problem);

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_BENCH_INPUTS_H_
